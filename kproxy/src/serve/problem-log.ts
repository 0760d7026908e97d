import type { Problem } from "../problem.ts";
import type { Logger } from "./logger.ts";

/** Says each problem once when it appears and once when it is gone. */
export interface ProblemLog {
	/** Takes everything that is wrong now. */
	update(problems: readonly Problem[]): void;
	readonly current: readonly Problem[];
}

/** `log` gets a warning for a new problem, an info line for a solved one. */
export function createProblemLog(log: Pick<Logger, "warn" | "info">): ProblemLog {
	let known: ReadonlyMap<string, Problem> = new Map();
	return {
		update(problems) {
			const next = new Map(problems.map((problem) => [problem.id, problem]));
			for (const [id, problem] of next) {
				if (!known.has(id)) {
					log.warn({ object: problem.object, code: problem.code }, problem.message);
				}
			}
			for (const [id, problem] of known) {
				if (!next.has(id)) {
					log.info({ object: problem.object, code: problem.code }, `solved: ${problem.message}`);
				}
			}
			known = next;
		},
		get current() {
			return [...known.values()];
		},
	};
}
