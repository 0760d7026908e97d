import { rowId, type ServicePortRow } from "../plan/row.ts";
import type { Problem } from "../problem.ts";
import { frontendClaim } from "./claims.ts";
import { entryOf } from "./model-entries.ts";
import type { ModelState } from "./model-state.ts";
import type { ServiceRows } from "./rows.ts";
import { sameRow } from "./same-row.ts";

/** Takes over what the rows of a Service claim, and returns the other Services that this may concern. */
export function claim(
	state: ModelState,
	{ id, rows }: { id: string; rows: ReadonlyMap<string, ServicePortRow> },
): Set<string> {
	const entry = entryOf(state, id);
	const wanted: string[] = [];
	for (const row of rows.values()) {
		for (const frontend of row.frontends) wanted.push(frontendClaim(row, frontend));
	}
	const concerned = state.claims.replace({ service: id, before: entry.claims, now: wanted });
	entry.claims = wanted;
	return concerned;
}

/** Leaves each row the frontends that it won, and notes what changed since the last time. */
export function publish(
	state: ModelState,
	{
		id,
		result,
		changed,
	}: { id: string; result: ServiceRows; changed: Map<string, ServicePortRow | undefined> },
): void {
	const entry = entryOf(state, id);
	const problems = [...result.problems];
	const rows = new Map<string, ServicePortRow>();
	const taken = new Set<string>();
	for (const [key, candidate] of result.rows) {
		const won = candidate.frontends.filter((frontend) => {
			const claimed = frontendClaim(candidate, frontend);
			const winner = state.claims.winner(claimed);
			if (winner === id && !taken.has(claimed)) {
				taken.add(claimed);
				return true;
			}
			problems.push(takenProblem(candidate, { claimed, winner: winner ?? id }));
			return false;
		});
		if (won.length === 0) continue;
		const row = won.length === candidate.frontends.length ? candidate : { ...candidate, frontends: won };
		const before = entry.rows.get(key);
		if (before !== undefined && sameRow(before, row)) {
			rows.set(key, before);
		} else {
			rows.set(key, row);
			changed.set(key, row);
		}
	}
	for (const key of entry.rows.keys()) if (!rows.has(key)) changed.set(key, undefined);

	for (const problem of entry.problems) state.problems.delete(problem);
	for (const problem of problems) state.problems.set(problem.id, problem);
	entry.rows = rows;
	entry.problems = problems.map((problem) => problem.id);
	if (entry.service === undefined && entry.slices.length === 0) state.entries.delete(id);
}

function takenProblem(row: ServicePortRow, at: { claimed: string; winner: string }): Problem {
	const own = `${row.namespace}/${row.name}`;
	const owner =
		at.winner === own
			? "another port of the same Service"
			: `Service ${at.winner}, which is older or, of one age, first by name`;
	return {
		id: `${rowId(row)} FRONTEND_TAKEN ${at.claimed}`,
		object: `Service ${own}`,
		code: "FRONTEND_TAKEN",
		message: `Service ${own}: ${at.claimed} belongs to ${owner}; it is not served for port "${row.port}"`,
	};
}
