import type { Backend } from "../dataplane/generated/sock_lb.ts";
import { type Desired, frontendText, isGuard, type Mirror, rangeText } from "../dataplane/tables.ts";
import type { Problem } from "../problem.ts";
import { addOnly } from "./add-only.ts";
import { type Adopted, adopt, type Region } from "./adopt.ts";
import { createBackends, dial, hold, takeChanged, undial, unhold, vote } from "./backends.ts";
import { createFreeNumbers } from "./free-numbers.ts";
import { frontendsOf, guardKey, guardOf } from "./frontends.ts";
import { createUseWarnings, type MapUse } from "./map-use.ts";
import { place, remove, votesOf } from "./place.ts";
import { policiesOf } from "./policy-spans.ts";
import { createRetiredQueue, type KernelFrontend } from "./retired.ts";
import type { RowChanges } from "./row.ts";
import { createSlotAllocator } from "./slot-allocator.ts";
import { emptyDraft, type Limits, mapUse, type PlannerState } from "./state.ts";

/** Five seconds: a program that looks up a frontend is done in microseconds, unless its CPU is taken away. */
export const DEFAULT_GRACE_MS = 5000;

/** Result of one plan. */
export interface Plan {
	/** What should be in the maps, for the entries that this plan touched. */
	desired: Desired;
	/** Backends that get their first frontend with it. */
	backendsAdded: readonly Backend[];
	/** UDP endpoints that a Service has no more with it. */
	endpointsLeft: readonly Backend[];
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
		plan: (input) => plan(state, input),
		settle(at) {
			const removed: Backend[] = [];
			for (const { numbers } of state.retired.settle(at)) {
				for (const backend of undial(state.backends, numbers)) removed.push(backend);
			}
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
	const sets = [...inRows.map((row) => row.range?.numbers ?? []), leftovers.numbers];
	const services = [...inRows.map((row) => row.service), ...leftovers.services];
	const backends = createBackends({
		cells: actual.backends,
		numbers: adopted.numbers,
		used: new Set(sets.flat().filter((number) => number !== 0)),
	});
	for (const numbers of sets) {
		hold(backends, numbers);
		dial(backends, numbers);
	}
	for (const row of inRows) for (const each of votesOf(row)) vote(backends, each);
	const state: PlannerState = {
		limits,
		backends,
		slots: createSlotAllocator({ limit: limits.slots, occupied: adopted.regions }),
		services: createFreeNumbers({ limit: limits.names, used: services.filter((service) => service !== 0) }),
		retired: createRetiredQueue(graceMs ?? DEFAULT_GRACE_MS),
		frontends: new Map(),
		guards: new Map(),
		planned: rows,
		wanted: new Map(),
		provisional: new Set(),
		misfits: new Map(),
		leftovers,
		rangesUsed: actual.ranges.size,
		roomFreed: false,
		synced: false,
		draft: emptyDraft(),
	};
	for (const row of inRows)
		for (const text of row.keys) adoptFrontend(state, { actual, text, owner: row.id });
	for (const { key } of actual.frontends.values()) {
		if (isGuard(key) && !state.guards.has(key.address)) state.guards.set(key.address, 0);
	}
	return state;
}

/** A frontend of the kernel's: what the maps do not say of it, its row will. */
function adoptFrontend(
	{ frontends, guards }: PlannerState,
	{ actual, text, owner }: { actual: Mirror; text: string; owner: string },
): void {
	const entry = actual.frontends.get(text);
	if (entry === undefined) return;
	const { key, value } = entry;
	const guarded = actual.frontends.has(frontendText(guardKey(key.address)));
	frontends.set(text, { key, owner, guarded, flags: value.flags, ...policiesOf(value) });
	if (guarded) guards.set(key.address, (guards.get(key.address) ?? 0) + 1);
}

function plan(
	state: PlannerState,
	{ rows, synced, nowMs }: { rows: RowChanges; synced: boolean; nowMs: number },
): Plan {
	state.draft = emptyDraft();
	reclaim(state, nowMs);
	for (const [id, row] of rows) {
		if (row) state.wanted.set(id, row);
		else state.wanted.delete(id);
	}
	if (synced || state.synced) planAll(state, changedRows(state, rows));
	else planAdditions(state, rows);
	const { added, left, ...desired } = state.draft;
	return {
		desired: { ...desired, backends: takeChanged(state.backends) },
		backendsAdded: added,
		endpointsLeft: left,
	};
}

/** The rows to plan: those that changed, and, when everything has just synced, all others too. */
function changedRows(state: PlannerState, rows: RowChanges): ReadonlySet<string> {
	if (state.synced) return new Set(rows.keys());
	state.synced = true;
	const all = new Set([...rows.keys(), ...state.provisional, ...state.planned.keys()]);
	state.provisional.clear();
	retireLeftovers(state);
	return all;
}

function planAll(state: PlannerState, changed: ReadonlySet<string>): void {
	// What goes makes room for what comes.
	for (const id of changed) if (!state.wanted.has(id)) remove(state, id);
	for (const id of changed) placeWanted(state, id);
	// One that did not fit may have come before what made room for it, and may make room for another.
	while (state.roomFreed) {
		state.roomFreed = false;
		for (const id of [...state.misfits.keys()]) placeWanted(state, id);
	}
}

function planAdditions(state: PlannerState, rows: RowChanges): void {
	for (const [id, row] of rows) {
		state.provisional.add(id);
		if (row) addOnly(state, { id, row });
	}
}

function placeWanted(state: PlannerState, id: string): void {
	const row = state.wanted.get(id);
	// Most rows of a first start were planned before everything had synced, and nothing has changed for them.
	if (row === undefined || state.planned.get(id)?.whole === row) return;
	place(state, { id, row, endpoints: row.endpoints, frontends: frontendsOf(row), whole: true });
}

/** What an earlier run left lying about is given up like anything else: what others may still look at, after a grace period. */
function retireLeftovers(state: PlannerState): void {
	const { retired, leftovers, draft, guards } = state;
	for (const key of leftovers.ranges) draft.ranges.set(rangeText(key), { key, wanted: false });
	state.rangesUsed -= leftovers.ranges.length;
	for (const key of leftovers.guards) {
		guards.delete(key.address);
		draft.frontends.set(frontendText(key), { key, value: undefined });
	}
	for (const { address } of leftovers.spoiltGuards) {
		const guard = guardOf(address);
		draft.frontends.set(frontendText(guard.key), guard);
	}
	const nothing = { numbers: [], draining: [], region: undefined, service: undefined, keys: [] };
	if (leftovers.numbers.length > 0) retired.add({ ...nothing, numbers: leftovers.numbers });
	for (const region of leftovers.regions) retired.add({ ...nothing, region });
	for (const service of leftovers.services) retired.add({ ...nothing, service });
}

/** Gives back what has been given up long enough ago. */
function reclaim(state: PlannerState, nowMs: number): void {
	for (const { numbers, draining, region, service } of state.retired.takeExpired(nowMs)) {
		state.roomFreed = true;
		unhold(state.backends, numbers);
		unhold(state.backends, draining);
		if (region) release(state, region);
		if (service === undefined) continue;
		state.draft.names.set(service, undefined);
		if (service !== 0) state.services.give(service);
	}
}

/** One of those who held the slots holds them no more; the last one leaves them empty. */
function release({ slots, draft }: PlannerState, region: Region): void {
	region.holders -= 1;
	if (region.holders > 0) return;
	for (let slot = region.first; slot < region.first + region.count; slot += 1) draft.slots.set(slot, 0);
	slots.free(region);
}
