import type { Problem } from "../problem.ts";

/** Gathers problems from several places: each says all that it has, and `onProblems` gets those of all. */
export function createProblemSources(
	onProblems: (all: readonly Problem[]) => void,
): (source: string) => (problems: readonly Problem[]) => void {
	const bySource = new Map<string, readonly Problem[]>();
	return (source) => (problems) => {
		bySource.set(source, problems);
		onProblems([...bySource.values()].flat());
	};
}
