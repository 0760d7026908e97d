import type { Counts } from "./check.ts";
import { type Command, runCommand } from "./command.ts";

/** Longest that all tests of one part may take, in seconds. */
const TIMEOUT_S = 25 * 60;

/** Runs ava on the test files that match and counts its tests. One that does not come to a result is a failure. */
export async function runAva(patterns: readonly string[]): Promise<Counts> {
	const counts = { passed: 0, failed: 0 };
	const report = tapReport(counts);
	const command: Command = { command: ["ava", "--tap", ...patterns], timeoutS: TIMEOUT_S, onLine: report };
	const { ok, how, output } = await runCommand(command);
	if (!ok && counts.failed === 0) {
		counts.failed = 1;
		console.log(`   FAILED ava ${how}\n${output.trimEnd().split("\n").slice(-40).join("\n")}`);
	}
	return counts;
}

/** Counts lines of TAP; prints each failed or skipped test, the former with the lines that explain it. */
function tapReport(counts: Counts): (line: string) => void {
	let explaining = false;
	return (line) => {
		const result = /^(not )?ok \d+ - (.*)$/.exec(line);
		if (!result) {
			if (explaining && /^\s/.test(line)) console.log(`     ${line}`);
			return;
		}
		const [, failed, title = ""] = result;
		explaining = false;
		if (/# (SKIP|TODO)$/i.test(title)) {
			console.log(`   skipped ${title}`);
		} else if (failed) {
			counts.failed++;
			explaining = true;
			console.log(`   FAILED ${title}`);
		} else if (++counts.passed % 100 === 0) {
			console.log(`   ${counts.passed} passed so far`);
		}
	};
}
