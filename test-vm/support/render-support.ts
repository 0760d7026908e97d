import type { FeatureAnswer } from "../guest/support/report.ts";
import type { StoredProgram, Support } from "./support.ts";

/** Types of programs, maps and hooks: most are on every kernel, and the table shows the others. */
const kind = /^(program|map|attach) type /;

/** Markdown for test-vm/README.md: everything that differs between kernels, and the programs with their instructions. */
export function renderSupport(support: Support): string {
	const kernels = Object.keys(support.kernels);
	const features = Object.entries(support.features);
	const row = ([name, answers]: (typeof features)[number]) => [
		name,
		...kernels.map((kernel) => describeFeature(answers[kernel])),
	];
	const kinds = features.filter(([name, answers]) => kind.test(name) && differs(answers, kernels));
	return [
		"### Features",
		table(["feature", ...kernels], features.filter(([name]) => !kind.test(name)).map(row)),
		"### Types of programs, maps and hooks that some of these kernels lack",
		kinds.length === 0 ? "None." : table(["type", ...kernels], kinds.map(row)),
		"### Programs, and how many instructions the verifier walks through",
		"The kernel's limit is 1,000,000.",
		...Object.entries(support.programs).flatMap(([set, programs]) => [
			`Compiled by ${set.replace("-", " ")}:`,
			table(
				["program", ...kernels],
				Object.entries(programs).map(([name, answers]) => [
					name,
					...kernels.map((kernel) => describeProgram(answers[kernel])),
				]),
			),
		]),
	].join("\n\n");
}

/** Markdown for the project's README: a line a kernel. */
export function renderSummary({ kernels, features, programs }: Support): string {
	const rows = Object.entries(kernels).map(([kernel, release]) => {
		const answers = Object.entries(features).filter(([name]) => !kind.test(name));
		const fallbacks = answers.filter(([, answer]) => answerHas(answer[kernel], "fallback"));
		const missing = answers.filter(([, answer]) => answerHas(answer[kernel], "refused"));
		const names = (list: typeof answers) => list.map(([name]) => name).join(", ") || "nothing";
		return [`${kernel} (${release})`, countPrograms(programs, kernel), names(fallbacks), names(missing)];
	});
	return table(["kernel", "programs that load", "falls back for", "without"], rows);
}

function countPrograms(programs: Support["programs"], kernel: string): string {
	const answers = Object.values(programs).flatMap((set) => Object.values(set).map((each) => each[kernel]));
	const tried = answers.filter((answer) => answer !== undefined);
	return `${tried.filter((answer) => typeof answer === "number").length} of ${tried.length}`;
}

const answerHas = (answer: FeatureAnswer | undefined, key: "fallback" | "refused"): boolean =>
	typeof answer === "object" && key in answer;

const differs = (answers: Readonly<Record<string, FeatureAnswer>>, kernels: readonly string[]): boolean =>
	kernels.some((kernel) => answers[kernel] !== "works");

function describeFeature(answer: FeatureAnswer | undefined): string {
	if (answer === undefined) return "not tried";
	if (answer === "works") return "works";
	return "fallback" in answer ? `falls back: ${answer.fallback}` : `no: ${answer.refused}`;
}

function describeProgram(answer: StoredProgram | undefined): string {
	if (answer === undefined) return "not tried";
	if (typeof answer === "number") return answer.toLocaleString("en-US");
	return `**refused**: ${answer.refused}${answer.at === undefined ? "" : ` at ${answer.at}`}`;
}

/** A Markdown table; cells of one column as wide as each other would make every change a change of all lines. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const line = (cells: readonly string[]) =>
		`| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
	return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
