import type { Problem } from "../problem.ts";
import type { MapUse } from "./map-use.ts";
import type { Placing, Target } from "./place.ts";
import { neededRanges } from "./ranges.ts";
import { mapUse, type PlannedFrontend, type PlannerState } from "./state.ts";

/** Room for everything the row needs, its slots already taken; or the problem that says which map has none. */
export function fit(state: PlannerState, placing: Placing): { first: number } | { problem: Problem } {
	const [frontends, slots, backends, names, ranges] = mapUse(state);
	const needs: readonly [use: MapUse | undefined, needed: number][] = [
		[frontends, neededFrontends(state, placing)],
		[backends, neededBackends(state, placing)],
		[names, placing.previous?.service ? 0 : 1],
		[ranges, neededRanges(placing.row, placing.previous)],
	];
	for (const [use, needed] of needs) {
		if (use && needed > 0 && use.used + needed > use.limit)
			return { problem: full(placing, { use, needed }) };
	}
	const count = placing.keys.length;
	if (placing.kept || count === 0) return { first: 0 };
	const first = state.slots.allocate(count);
	if (first !== undefined || slots === undefined) return { first: first ?? 0 };
	const detail = `, ${state.slots.longestFree()} of them free in one run`;
	return { problem: full(placing, { use: slots, needed: count, detail }) };
}

/** Frontends and guards that come, less those that go. */
function neededFrontends(state: PlannerState, { id, frontends, previous }: Placing): number {
	let needed = 0;
	const joins = new Map<string, number>();
	const join = ({ key: { address } }: PlannedFrontend, count: number) =>
		joins.set(address, (joins.get(address) ?? 0) + count);
	for (const [text, frontend] of frontends) {
		const known = state.frontends.get(text);
		if (known === undefined) needed += 1;
		if (frontend.guarded) join(frontend, 1);
		if (known?.guarded === true) join(known, -1);
	}
	for (const text of previous?.keys ?? []) {
		const known = state.frontends.get(text);
		if (known?.owner !== id || frontends.has(text)) continue;
		needed -= 1;
		if (known.guarded) join(known, -1);
	}
	return needed + neededGuards(state, joins);
}

/** `joins`: how many more frontends each address will have. */
function neededGuards({ guards }: PlannerState, joins: ReadonlyMap<string, number>): number {
	let needed = 0;
	for (const [address, more] of joins) {
		const before = guards.get(address);
		const after = (before ?? 0) + more;
		if (before === undefined && after > 0) needed += 1;
		if (before !== undefined && more < 0 && after <= 0) needed -= 1;
	}
	return needed;
}

function neededBackends({ backends }: PlannerState, { keys, drainingKeys }: Placing): number {
	const isNew = (key: string) => !backends.numbers.has(key);
	return keys.filter(isNew).length + drainingKeys.filter(isNew).length;
}

function full({ id, row }: Target, lack: { use: MapUse; needed: number; detail?: string }): Problem {
	const { use, needed, detail = "" } = lack;
	const object = `Service ${row.namespace}/${row.name}`;
	return {
		id: `${id} MAP_FULL ${use.name}`,
		object,
		code: "MAP_FULL",
		message:
			`${object}: port "${row.port}" (${row.family}) needs ${needed} more entries in ${use.name}, ` +
			`which holds ${use.used} of ${use.limit}${detail}; its old state goes on serving`,
		map: use,
	};
}
