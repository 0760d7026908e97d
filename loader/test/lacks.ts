import { release } from "node:os";
import type { ExecutionContext } from "ava";
import { firstKernelOf } from "../src/index.ts";

/**
 * True where this kernel lacks a feature, which the log then says: the test has nothing to test. Fails where the kernel
 * is new enough to have it, by its name in test-vm/support.json: a skip must not hide a bug.
 */
export function lacks(t: ExecutionContext, { feature, has }: { feature: string; has: boolean }): boolean {
	if (has) return false;
	const number = (version: string): number => {
		const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
		return major * 1000 + minor;
	};
	const first = firstKernelOf(feature);
	if (first !== undefined && number(release()) >= number(first))
		t.fail(`kernel ${release()} should have ${feature} (first in ${first})`);
	t.log(`skipped: ${feature} is first in kernel ${first ?? "none that was tried"}, this is ${release()}`);
	t.pass();
	return true;
}
