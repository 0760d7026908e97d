import { rowId, type ServicePortRow } from "../plan/row.ts";
import type { Problem } from "../problem.ts";
import type { Change } from "../watch/source.ts";
import { type Claims, createClaims, frontendClaim } from "./claims.ts";
import type { EndpointSliceObject, ServiceObject } from "./objects.ts";
import { type ServiceRows, sameRow, serviceRows } from "./rows.ts";

/** What a batch of changes did to the rows. */
export interface ModelUpdate {
	/** Rows whose content changed: the row as it is now, or undefined where it went. */
	rows: ReadonlyMap<string, ServicePortRow | undefined>;
	/** Trigger times (ms since the epoch) of the slices that changed rows, for the network programming latency. */
	triggerTimesMs: readonly number[];
}

/** API objects as rows, kept up to date. Does no I/O. */
export interface Model {
	/** Takes what changed and returns only the rows whose content changed. Never throws for a bad object. */
	update(changes: readonly Change[]): ModelUpdate;
	/** All rows, by row id. */
	rows(): IterableIterator<[string, ServicePortRow]>;
	/** What is wrong with objects now, by problem id. */
	readonly problems: ReadonlyMap<string, Problem>;
	/** How much there is. */
	counts(): { services: number; slices: number; rows: number };
}

/** A Service as known so far; slices may come before it and stay after it. */
interface Entry {
	service: ServiceObject | undefined;
	/** A few per Service, so a list is smaller than a map. */
	slices: EndpointSliceObject[];
	rows: ReadonlyMap<string, ServicePortRow>;
	claims: readonly string[];
	problems: readonly string[];
}

const NO_ROWS: ReadonlyMap<string, ServicePortRow> = new Map();

/** An empty model. Memory: the objects as the watch keeps them, and one small object per endpoint of a row. */
export function createModel(): Model {
	const state: State = {
		entries: new Map(),
		sliceOwners: new Map(),
		claims: createClaims(),
		problems: new Map(),
	};
	return {
		update: (changes) => update(state, changes),
		*rows() {
			for (const entry of state.entries.values()) yield* entry.rows;
		},
		problems: state.problems,
		counts() {
			let services = 0;
			let rows = 0;
			for (const entry of state.entries.values()) {
				if (entry.service) services += 1;
				rows += entry.rows.size;
			}
			return { services, slices: state.sliceOwners.size, rows };
		},
	};
}

interface State {
	/** By `namespace/name` of the Service. */
	entries: Map<string, Entry>;
	/** `namespace/name` of a slice to that of its Service: a deletion and a changed label do not say whose it was. */
	sliceOwners: Map<string, string>;
	claims: Claims;
	problems: Map<string, Problem>;
}

function update(state: State, changes: readonly Change[]): ModelUpdate {
	const dirty = new Set<string>();
	const triggers = new Map<string, number[]>();
	for (const change of changes) {
		if (change.kind === "Service") dirty.add(takeService(state, change));
		else takeSlice(state, { change, dirty, triggers });
	}

	// Claims first, for all: who wins a frontend must not depend on the order of changes.
	const found = new Map<string, ServiceRows>();
	const contested = new Set<string>();
	for (const id of dirty) {
		const result = rowsOf(state.entries.get(id));
		found.set(id, result);
		for (const other of claim(state, { id, rows: result.rows })) contested.add(other);
	}
	for (const id of contested) if (!found.has(id)) found.set(id, rowsOf(state.entries.get(id)));

	const rows = new Map<string, ServicePortRow | undefined>();
	const triggerTimesMs: number[] = [];
	for (const [id, result] of found) {
		const before = rows.size;
		publish(state, { id, result, changed: rows });
		if (rows.size > before) triggerTimesMs.push(...(triggers.get(id) ?? []));
	}
	return { rows, triggerTimesMs };
}

/** Returns the Service whose rows this may change. */
function takeService(state: State, change: Change): string {
	const id = `${change.namespace}/${change.name}`;
	entryOf(state, id).service = change.object?.kind === "Service" ? change.object : undefined;
	return id;
}

function takeSlice(
	state: State,
	{ change, dirty, triggers }: { change: Change; dirty: Set<string>; triggers: Map<string, number[]> },
): void {
	const sliceId = `${change.namespace}/${change.name}`;
	const slice = change.object?.kind === "EndpointSlice" ? change.object : undefined;
	const before = state.sliceOwners.get(sliceId);
	const now = slice && slice.service !== "" ? `${slice.namespace}/${slice.service}` : undefined;

	let previous: EndpointSliceObject | undefined;
	if (before !== undefined) {
		const entry = entryOf(state, before);
		const at = entry.slices.findIndex((other) => other.name === change.name);
		if (at >= 0) previous = entry.slices.splice(at, 1)[0];
		state.sliceOwners.delete(sliceId);
		dirty.add(before);
	}
	if (slice === undefined || now === undefined) return;
	entryOf(state, now).slices.push(slice);
	state.sliceOwners.set(sliceId, now);
	dirty.add(now);
	// A slice that changes for another reason keeps its old trigger time, which says nothing about this change.
	if (slice.triggerTimeMs !== undefined && slice.triggerTimeMs !== previous?.triggerTimeMs) {
		triggers.set(now, [...(triggers.get(now) ?? []), slice.triggerTimeMs]);
	}
}

function entryOf(state: State, id: string): Entry {
	let entry = state.entries.get(id);
	if (entry === undefined) {
		entry = { service: undefined, slices: [], rows: NO_ROWS, claims: [], problems: [] };
		state.entries.set(id, entry);
	}
	return entry;
}

function rowsOf(entry: Entry | undefined): ServiceRows {
	if (entry?.service === undefined) return { rows: new Map(), problems: [] };
	try {
		return serviceRows(entry.service, entry.slices);
	} catch (cause) {
		// An object that a source should have refused: what it served before goes on, and so do all others.
		const object = `Service ${entry.service.namespace}/${entry.service.name}`;
		const why = cause instanceof Error ? cause.message : String(cause);
		const message = `${object}: cannot be read (${why}); its last state goes on serving`;
		return {
			rows: new Map(entry.rows),
			problems: [{ id: `${object} unreadable`, object, code: "BAD_OBJECT", message }],
		};
	}
}

/** Takes over what the rows of a Service claim, and returns the other Services that this may concern. */
function claim(
	state: State,
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
function publish(
	state: State,
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
			: `Service ${at.winner}, which comes first by name`;
	return {
		id: `${rowId(row)} FRONTEND_TAKEN ${at.claimed}`,
		object: `Service ${own}`,
		code: "FRONTEND_TAKEN",
		message: `Service ${own}: ${at.claimed} belongs to ${owner}; it is not served for port "${row.port}"`,
	};
}
