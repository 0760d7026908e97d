import type { Counts } from "./check.ts";
import { runCommand } from "./command.ts";
import { tapReader } from "./tap.ts";

/** Runs ava on the test files that match and counts its tests. A run that comes to no result is a failure. */
export async function runAva(patterns: readonly string[], timeoutS: number): Promise<Counts> {
	const counts = { passed: 0, failed: 0 };
	const command = ["ava", "--tap", ...patterns];
	const { ok, how, output } = await runCommand({ command, timeoutS, onLine: tapReport(counts) });
	if (!ok && counts.failed === 0) {
		counts.failed = 1;
		console.log(`   FAILED ava ${how}\n${output.trimEnd().split("\n").slice(-40).join("\n")}`);
	}
	return counts;
}

/** Counts results; prints each failed or skipped test, the former with the lines that explain it. */
function tapReport(counts: Counts): (line: string) => void {
	return tapReader({
		result({ title, outcome }) {
			if (outcome === "skipped") console.log(`   skipped ${title}`);
			if (outcome === "failed") {
				counts.failed++;
				console.log(`   FAILED ${title}`);
			}
			if (outcome === "passed" && ++counts.passed % 100 === 0)
				console.log(`   ${counts.passed} passed so far`);
		},
		explanation: (line) => console.log(`     ${line}`),
	});
}
