import type { NoticeLevel } from "./source.ts";

/** What is wrong with a source now, each thing told to the log once when it begins and once when it is over. */
export interface ProblemBoard {
	/** Something is wrong; the same line again says nothing. `id` stays the same while the trouble does. */
	raise(id: string, line: string): void;
	/** It is over; `line` goes to the log if the problem was known. */
	clear(id: string, line?: string): void;
	/** Clears what was raised under an id that begins with the prefix and is not in `keep`. */
	clearOthers(prefix: string, keep: ReadonlySet<string>): void;
	lines(): readonly string[];
}

/** A board whose turns go to `notice`. */
export function createProblemBoard(notice: (level: NoticeLevel, line: string) => void): ProblemBoard {
	const problems = new Map<string, string>();
	const clear = (id: string, line?: string): void => {
		if (problems.delete(id) && line !== undefined) notice("info", line);
	};
	return {
		raise(id, line) {
			if (problems.get(id) === line) return;
			problems.set(id, line);
			notice("warn", line);
		},
		clear,
		clearOthers(prefix, keep) {
			for (const id of problems.keys()) if (id.startsWith(prefix) && !keep.has(id)) clear(id);
		},
		lines: () => [...problems.values()],
	};
}
