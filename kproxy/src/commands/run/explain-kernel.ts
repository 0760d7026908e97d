import { release } from "node:os";
import { BpfError, UnsupportedError, VerifierError } from "bpf-loader";
import type { Check } from "../doctor/check.ts";
import { checkKernel } from "../doctor/kernel-checks.ts";

/**
 * What a kernel lacks that our programs did not load on, in one line; the error itself where that is not the reason. The
 * kernel is only asked once something has failed.
 */
export function explainKernel(error: unknown, check: () => readonly Check[] = checkKernel): unknown {
	if (!(error instanceof VerifierError) && !(error instanceof UnsupportedError)) return error;
	const missing = check().filter(({ level }) => level === "fail");
	if (missing.length === 0) return error;
	const features = missing.map(({ name, advice }) => (advice === undefined ? name : `${name} (${advice})`));
	return new BpfError(`Linux ${release()} cannot run kproxy, which needs ${features.join(", ")}`, {
		code: "KERNEL_TOO_OLD",
		operation: "load",
		object: "kernel",
		hint: "kproxy doctor says what else this node lacks",
		cause: error,
	});
}
