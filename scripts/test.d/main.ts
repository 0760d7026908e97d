/** `scripts/test`: runs the parts, prints what failed, and last a line `N passed, N failed`. */
import { type Counts, sum } from "./check.ts";
import { endCommands } from "./command.ts";
import { parts } from "./parts.ts";

process.once("SIGINT", () => stop(130));
process.once("SIGTERM", () => stop(143));
process.exitCode = await main(process.argv.slice(2));

async function main(names: readonly string[]): Promise<number> {
	const unknown = names.find((name) => !(name in parts));
	if (unknown !== undefined) {
		console.error(`scripts/test: there is no part ${unknown}: try ${Object.keys(parts).join(", ")}`);
		return 2;
	}
	const counts: Counts[] = [];
	for (const [name, run] of Object.entries(parts)) {
		if (names.length === 0 || names.includes(name)) counts.push(await runPart(name, run));
	}
	const { passed, failed } = sum(counts);
	console.log(`\n${passed} passed, ${failed} failed`);
	return failed > 0 || passed === 0 ? 1 : 0;
}

async function runPart(name: string, run: () => Promise<Counts>): Promise<Counts> {
	console.log(`\n${name}`);
	const startedMs = performance.now();
	const counts = await attempt(run);
	const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
	console.log(`   ${counts.passed} passed, ${counts.failed} failed in ${seconds} s`);
	return counts;
}

/** A part that cannot even run is one failure. */
async function attempt(run: () => Promise<Counts>): Promise<Counts> {
	try {
		return await run();
	} catch (error) {
		console.log(`   FAILED ${error instanceof Error ? error.message : error}`);
		return { passed: 0, failed: 1 };
	}
}

function stop(code: number): void {
	endCommands();
	console.log("\n0 passed, 1 failed");
	process.exit(code);
}
