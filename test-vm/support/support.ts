import type { FeatureAnswer, ProgramAnswer, SupportReport } from "../guest/support/report.ts";

/** What all kernels of the matrix answered: the content of test-vm/support.json. Kernels are named as in `6.12`. */
export interface Support {
	/** Full release of each kernel, oldest first. */
	kernels: Record<string, string>;
	/** Answers by feature, then kernel. */
	features: Record<string, Record<string, FeatureAnswer>>;
	/** Answers by set of objects (`clang-14`), then program (`tc.bpf.o tc_pod_egress`), then kernel. */
	programs: Record<string, Record<string, Record<string, StoredProgram>>>;
}

/** Verified instructions, or how the kernel refuses the program. */
export type StoredProgram = number | { refused: string; at?: string };

/** A matrix without a run. */
export const noSupport: Support = { kernels: {}, features: {}, programs: {} };

/** The support with what these runs found in place of what was known of their kernels; sorted, so that equal runs give equal text. */
export function mergeSupport(known: Support, runs: readonly SupportReport[]): Support {
	return runs.reduce(mergeRun, known);
}

function mergeRun(known: Support, run: SupportReport): Support {
	const kernel = kernelName(run.kernel);
	const sets = sorted(Object.keys({ ...known.programs, ...run.programs }));
	return {
		kernels: byVersion({ ...known.kernels, [kernel]: run.kernel }),
		features: putAnswers(known.features, kernel, run.features),
		programs: Object.fromEntries(
			sets.map((set) => {
				const found = Object.entries(run.programs[set] ?? {}).map(
					([name, answer]) => [name, stored(answer)] as const,
				);
				return [set, putAnswers(known.programs[set] ?? {}, kernel, Object.fromEntries(found))];
			}),
		),
	};
}

/** All that one kernel answered before goes: a program or feature that is no longer tried must not stay. */
function putAnswers<Answer>(
	known: Readonly<Record<string, Readonly<Record<string, Answer>>>>,
	kernel: string,
	found: Readonly<Record<string, Answer>>,
): Record<string, Record<string, Answer>> {
	const names = sorted(Object.keys({ ...known, ...found }));
	const rows = names.map((name) => {
		const { [kernel]: _, ...others } = known[name] ?? {};
		const answer = found[name];
		return [name, byVersion(answer === undefined ? others : { ...others, [kernel]: answer })] as const;
	});
	return Object.fromEntries(rows.filter(([, answers]) => Object.keys(answers).length > 0));
}

/** Without the line, which has the whole release in it and changes with it. */
function stored(answer: ProgramAnswer): StoredProgram {
	if ("loads" in answer) return answer.instructions;
	return { refused: answer.refused, ...(answer.at === undefined ? {} : { at: answer.at }) };
}

/** `6.12` of `6.12.48+deb13-amd64`. */
export function kernelName(release: string): string {
	const name = /^\d+\.\d+/.exec(release)?.[0];
	if (name === undefined) throw new Error(`not the release of a kernel: ${release}`);
	return name;
}

/** Negative where the first kernel is older. */
export function compareKernels(one: string, other: string): number {
	const [major = 0, minor = 0] = one.split(".").map(Number);
	const [otherMajor = 0, otherMinor = 0] = other.split(".").map(Number);
	return major - otherMajor || minor - otherMinor;
}

const sorted = (names: readonly string[]): string[] => [...names].sort();

function byVersion<Value>(values: Readonly<Record<string, Value>>): Record<string, Value> {
	return Object.fromEntries(Object.entries(values).sort(([one], [other]) => compareKernels(one, other)));
}
