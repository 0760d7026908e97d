/*
 * Keeps what is derived from test-vm/support.json in step with it: the tables in both READMEs, and the first kernels that
 * errors and skips name. `write` first takes reports of test-vm/guest/support.ts into support.json, and exits with 1 where
 * a kernel refuses a program; `check` writes nothing and exits with 1 where something would change.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { SupportReport } from "../guest/support/report.ts";
import { renderFirstKernels } from "./render-first-kernels.ts";
import { renderSummary, renderSupport } from "./render-support.ts";
import { mergeSupport, noSupport, type Support } from "./support.ts";

const usage = "usage: node test-vm/support/main.ts write [REPORT.json]… | check";

const root = fileURLToPath(new URL("../../", import.meta.url));
const supportPath = `${root}test-vm/support.json`;

const readJson = <Value>(path: string): Value => JSON.parse(readFileSync(path, "utf8")) as Value;

/** Every derived file, with its text for this support. */
function derived(support: Support): Map<string, string> {
	return new Map([
		[supportPath, `${JSON.stringify(support, undefined, "\t")}\n`],
		[`${root}loader/src/generated/first-kernels.ts`, renderFirstKernels(support)],
		...[
			[`${root}test-vm/README.md`, renderSupport(support)] as const,
			[`${root}README.md`, renderSummary(support)] as const,
		].map(([path, text]) => [path, putBetweenMarkers(path, text)] as const),
	]);
}

const begin = "<!-- support:begin -->";
const end = "<!-- support:end -->";

function putBetweenMarkers(path: string, text: string): string {
	const [before, rest] = readFileSync(path, "utf8").split(begin, 2);
	const after = rest?.split(end, 2)[1];
	if (after === undefined) throw new Error(`${relative(root, path)} has no lines ${begin} and ${end}`);
	return `${before}${begin}\n\n${text}\n\n${end}${after}`;
}

/** A line for each program that a kernel refuses. */
const refusals = ({ programs }: SupportReport): string[] =>
	Object.entries(programs).flatMap(([set, answers]) =>
		Object.values(answers).flatMap((answer) => ("line" in answer ? [`${set}: ${answer.line}`] : [])),
	);

function write(reports: readonly string[]): void {
	const known = existsSync(supportPath) ? readJson<Support>(supportPath) : noSupport;
	const runs = reports.map((path) => readJson<SupportReport>(path));
	for (const line of runs.flatMap(refusals)) {
		console.error(line);
		process.exitCode = 1;
	}
	const support = mergeSupport(known, runs);
	for (const [path, text] of derived(support)) {
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, text);
	}
}

function check(): void {
	const wrong = [...derived(readJson<Support>(supportPath))].filter(
		([path, text]) => !existsSync(path) || readFileSync(path, "utf8") !== text,
	);
	for (const [path] of wrong) {
		console.error(
			`${relative(root, path)} is not what test-vm/support.json says: node test-vm/support/main.ts write`,
		);
	}
	if (wrong.length > 0) process.exitCode = 1;
}

const [command, ...rest] = process.argv.slice(2);
if (command === "write") write(rest);
else if (command === "check" && rest.length === 0) check();
else {
	console.error(usage);
	process.exitCode = 2;
}
