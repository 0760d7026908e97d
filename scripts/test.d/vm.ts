import { adviseOn, missingTools } from "../../test-vm/image/find.ts";
import { HOST_TOOLS, TOOLS } from "../../test-vm/image/tools.ts";
import type { Counts } from "./check.ts";
import { runCommand } from "./command.ts";

/** On two kernels by emulation, on a machine with two slow processors. */
const TIMEOUT_S = 45 * 60;

/** The small set of tests in virtual machines with the oldest and the newest kernel; where QEMU is missing it says so. */
export async function checkInVms(): Promise<Counts> {
	const advice = adviseOn(missingTools([...TOOLS, ...HOST_TOOLS]));
	if (advice) {
		console.log(`   skipped: ${advice}`);
		return { passed: 0, failed: 0 };
	}
	let counts: Counts | undefined;
	const onLine = (line: string) => {
		const [, passed, failed] = /^(\d+) passed, (\d+) failed$/.exec(line) ?? [];
		if (passed !== undefined) counts = { passed: Number(passed), failed: Number(failed) };
		else if (line !== "") console.log(`   ${line}`);
	};
	const command = ["node", "test-vm/main.ts", "--smoke"];
	const { how, output } = await runCommand({ command, timeoutS: TIMEOUT_S, onLine });
	if (counts) return counts;
	console.log(`   FAILED test-vm ${how}\n${output.trimEnd().split("\n").slice(-20).join("\n")}`);
	return { passed: 0, failed: 1 };
}
