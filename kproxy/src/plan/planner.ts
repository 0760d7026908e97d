import type { Backend } from "../dataplane/generated/sock_lb.ts";
import { type Desired, emptyDesired, type Mirror } from "../dataplane/tables.ts";
import type { Problem } from "../problem.ts";
import { addOnly } from "./add-only.ts";
import { type Adopted, adopt } from "./adopt.ts";
import { createBackends, hold, undial, unhold, vote } from "./backends.ts";
import { createFreeNumbers } from "./free-numbers.ts";
import { createUseWarnings, type MapUse } from "./map-use.ts";
import { frontendsOf, place, remove } from "./place.ts";
import { createRetiredQueue, type KernelFrontend } from "./retired.ts";
import type { RowChanges } from "./row.ts";
import { createSlotAllocator } from "./slot-allocator.ts";
import { type Draft, type Limits, mapUse, type PlannerState } from "./state.ts";

/** Five seconds: a program that looks up a frontend is done in microseconds, unless its CPU is taken away. */
export const DEFAULT_GRACE_MS = 5000;

/** Result of one plan. */
export interface Plan {
	/** What should be in the maps, for the entries that this plan touched. */
	desired: Desired;
	/** Backends that get their first frontend with it. */
	backendsAdded: readonly Backend[];
}

/** Turns rows into desired map contents, with numbers that stay the same. Does no I/O. */
export interface Planner {
	/**
	 * Plans the rows that changed, and whatever is due: what was given up and has waited long enough, and rows that
	 * did not fit. Before `synced` it only adds.
	 */
	plan(input: { rows: RowChanges; synced: boolean; nowMs: number }): Plan;
	/** To be called when the plan has been applied, with what the kernel holds now. Returns the backends that went. */
	settle(options: { frontendAt: (text: string) => KernelFrontend; nowMs: number }): readonly Backend[];
	/** When `plan` should next be called though nothing changed; undefined where there is no need. */
	nextDueMs(): number | undefined;
	/** How full each map is. */
	use(): MapUse[];
	/** Rows that do not fit, and maps that are nearly full. */
	problems(): Problem[];
	/** What was wrong in the maps at start, one line each. */
	readonly repairs: readonly string[];
}

/** A planner that goes on from what the maps hold. `graceMs`: see DEFAULT_GRACE_MS. */
export function createPlanner(options: { actual: Mirror; limits: Limits; graceMs?: number }): Planner {
	const adopted = adopt(options.actual);
	const state = createState(adopted, options);
	const warnings = createUseWarnings();
	return {
		plan: (input) => plan(state, input, adopted),
		settle(at) {
			const removed: Backend[] = [];
			for (const retired of state.retired.settle(at))
				removed.push(...undial(state.backends, retired.numbers));
			return removed;
		},
		nextDueMs: () => state.retired.nextExpiryMs(),
		use: () => mapUse(state),
		problems: () => [...state.misfits.values(), ...warnings(mapUse(state))],
		repairs: adopted.repairs,
	};
}

function createState(
	adopted: Adopted,
	{ actual, limits, graceMs }: { actual: Mirror; limits: Limits; graceMs?: number },
): PlannerState {
	const { rows, leftovers } = adopted;
	const inRows = [...rows.values()];
	const ranges = [...inRows.map((row) => row.range?.numbers ?? []), leftovers.numbers];
	const services = [...inRows.map((row) => row.service), ...leftovers.services];
	const backends = createBackends({
		cells: actual.backends,
		numbers: adopted.numbers,
		used: new Set(ranges.flat().filter((number) => number !== 0)),
	});
	for (const numbers of ranges) hold(backends, numbers);
	for (const row of inRows) vote(backends, row.endpoints, row.range?.numbers ?? []);
	const state: PlannerState = {
		limits,
		backends,
		slots: createSlotAllocator({ limit: limits.slots, occupied: adopted.regions }),
		services: createFreeNumbers({ limit: limits.names, used: services.filter((service) => service !== 0) }),
		retired: createRetiredQueue(graceMs ?? DEFAULT_GRACE_MS),
		frontends: new Map(),
		planned: rows,
		wanted: new Map(),
		provisional: new Set(),
		misfits: new Map(),
		roomFreed: false,
		synced: false,
	};
	for (const row of inRows) {
		for (const text of row.keys) {
			const entry = actual.frontends.get(text);
			if (entry) state.frontends.set(text, { key: entry.key, owner: row.id });
		}
	}
	return state;
}

function plan(
	state: PlannerState,
	{ rows, synced, nowMs }: { rows: RowChanges; synced: boolean; nowMs: number },
	adopted: Adopted,
): Plan {
	const draft: Draft = { desired: emptyDesired(), added: [] };
	reclaim(state, nowMs, draft);
	for (const [id, row] of rows) {
		if (row) state.wanted.set(id, row);
		else state.wanted.delete(id);
	}
	if (synced || state.synced) planAll(state, changedRows(state, rows, adopted), draft);
	else planAdditions(state, rows, draft);
	return { desired: draft.desired, backendsAdded: draft.added };
}

/** The rows to plan: those that changed, and, when everything has synced, all that were planned before. */
function changedRows(state: PlannerState, rows: RowChanges, adopted: Adopted): ReadonlySet<string> {
	const changed = new Set(rows.keys());
	if (state.synced) return changed;
	state.synced = true;
	for (const id of state.provisional) changed.add(id);
	for (const id of state.planned.keys()) changed.add(id);
	state.provisional.clear();
	retireLeftovers(state, adopted);
	return changed;
}

function planAll(state: PlannerState, changed: ReadonlySet<string>, draft: Draft): void {
	// What goes makes room for what comes.
	for (const id of changed) if (!state.wanted.has(id)) remove(state, id, draft);
	for (const id of changed) placeWanted(state, id, draft);
	if (!state.roomFreed) return;
	state.roomFreed = false;
	for (const id of [...state.misfits.keys()]) if (!changed.has(id)) placeWanted(state, id, draft);
}

function planAdditions(state: PlannerState, rows: RowChanges, draft: Draft): void {
	for (const [id, row] of rows) {
		state.provisional.add(id);
		if (row) addOnly(state, { id, row }, draft);
	}
}

function placeWanted(state: PlannerState, id: string, draft: Draft): void {
	const row = state.wanted.get(id);
	// Most rows of a first start were planned before everything had synced, and nothing has changed for them.
	if (row === undefined || (state.planned.get(id)?.whole === row && !state.misfits.has(id))) return;
	place(state, { id, row, endpoints: row.endpoints, frontends: frontendsOf(row), whole: true }, draft);
}

/** What an earlier run left lying about is given up like anything else: after a grace period. */
function retireLeftovers(state: PlannerState, { leftovers }: Adopted): void {
	if (leftovers.numbers.length > 0) {
		state.retired.add({ numbers: leftovers.numbers, region: undefined, service: undefined, keys: [] });
	}
	for (const region of leftovers.regions)
		state.retired.add({ numbers: [], region, service: undefined, keys: [] });
	for (const service of leftovers.services) {
		state.retired.add({ numbers: [], region: undefined, service, keys: [] });
	}
}

/** Gives back what has been given up long enough ago. */
function reclaim(state: PlannerState, nowMs: number, { desired }: Draft): void {
	for (const { numbers, region, service } of state.retired.takeExpired(nowMs)) {
		state.roomFreed = true;
		unhold(state.backends, numbers, desired.backends);
		if (region) {
			region.holders -= 1;
			if (region.holders === 0) {
				for (let slot = region.first; slot < region.first + region.count; slot += 1)
					desired.slots.set(slot, 0);
				state.slots.free(region);
			}
		}
		if (service === undefined) continue;
		desired.names.set(service, undefined);
		if (service !== 0) state.services.give(service);
	}
}
