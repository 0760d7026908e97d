import { type FrontendKey, Protocol, Scope } from "../dataplane/generated/sock_lb.ts";
import { frontendText } from "../dataplane/tables.ts";
import type { Problem } from "../problem.ts";
import { type BackendRange, frontendValue, type PlannedRow } from "./adopt.ts";
import { assign, countVotes, endpointKey, hold, unvote, vote } from "./backends.ts";
import type { MapUse } from "./map-use.ts";
import type { Endpoint, ServicePortRow } from "./row.ts";
import { type Draft, mapUse, type PlannerState } from "./state.ts";

/** A row and what of it is to be served now. */
export interface Target {
	id: string;
	row: ServicePortRow;
	endpoints: readonly Endpoint[];
	/** By `frontendText`. */
	frontends: ReadonlyMap<string, FrontendKey>;
	/** This is all of the row and nothing else. */
	whole: boolean;
}

/** The frontends of a row as the kernel keys them. */
export function frontendsOf(row: ServicePortRow): Map<string, FrontendKey> {
	const frontends = new Map<string, FrontendKey>();
	for (const { address, port, scope } of row.frontends) {
		const key = {
			address,
			port,
			protocol: Protocol[row.protocol],
			scope: scope === "external" ? Scope.EXTERNAL : Scope.INTERNAL,
		};
		frontends.set(frontendText(key), key);
	}
	return frontends;
}

/**
 * Plans one row: all of it, or, where a map is too small, nothing, and its old state goes on serving. A backend
 * set that stays the same keeps its range; any other gets a fresh one, so that no reader sees it half-written.
 */
export function place(state: PlannerState, target: Target, draft: Draft): void {
	const previous = state.planned.get(target.id);
	const keys = target.endpoints.map((endpoint) => endpointKey(endpoint, Protocol[target.row.protocol]));
	const kept = previous !== undefined && sameSet(state, previous, keys);
	const fitted = fit(state, target, { previous, keys, kept });
	if ("problem" in fitted) {
		state.misfits.set(target.id, fitted.problem);
		return;
	}
	state.misfits.delete(target.id);

	const range = kept ? previous.range : fill(state, target, { first: fitted.first, keys, draft });
	const row: PlannedRow = {
		id: target.id,
		service: previous?.service || takeService(state, target.row, draft),
		range,
		endpoints: target.endpoints,
		keys: [...target.frontends.keys()],
		whole: target.whole ? target.row : undefined,
	};
	// The new votes first: an endpoint in both sets must not look unwanted in between.
	vote(state.backends, row.endpoints, range?.numbers ?? []);
	if (previous) unvote(state.backends, previous.endpoints, previous.range?.numbers ?? []);
	countVotes(state.backends, range?.numbers ?? [], draft.desired.backends);
	if (previous && !kept) countVotes(state.backends, previous.range?.numbers ?? [], draft.desired.backends);
	state.planned.set(target.id, row);

	const value = frontendValue(row, target.row.affinityTimeoutS);
	for (const [text, key] of target.frontends) {
		state.frontends.set(text, { key, owner: target.id });
		draft.desired.frontends.set(text, { key, value });
	}
	if (previous === undefined) return;
	dropFrontends(state, previous, { keep: target.frontends, draft });
	if (!kept) retireRange(state, previous, undefined);
}

/** Takes a row away: its frontends go, and what they led to is free once nobody can be on the way there. */
export function remove(state: PlannerState, id: string, draft: Draft): void {
	state.misfits.delete(id);
	const previous = state.planned.get(id);
	if (previous === undefined) return;
	state.planned.delete(id);
	unvote(state.backends, previous.endpoints, previous.range?.numbers ?? []);
	countVotes(state.backends, previous.range?.numbers ?? [], draft.desired.backends);
	dropFrontends(state, previous, { keep: new Map(), draft });
	retireRange(state, previous, previous.service === 0 ? undefined : previous.service);
}

function sameSet(state: PlannerState, previous: PlannedRow, keys: readonly string[]): boolean {
	const numbers = previous.range?.numbers ?? [];
	// Another row's frontends reach into these slots: to part them, both get ranges of their own.
	if ((previous.range?.region.holders ?? 0) > 1) return false;
	// A range that is not sound has endpoints that were not read: it is never kept.
	if (numbers.length !== keys.length || previous.endpoints.length !== keys.length) return false;
	return keys.every((key, i) => state.backends.numbers.get(key) === numbers[i]);
}

/** Room for everything the row needs, its slots already taken; or the problem that says which map has none. */
function fit(
	state: PlannerState,
	target: Target,
	now: { previous: PlannedRow | undefined; keys: readonly string[]; kept: boolean },
): { first: number } | { problem: Problem } {
	const { previous, keys, kept } = now;
	const fresh = kept ? 0 : keys.filter((key) => !state.backends.numbers.has(key)).length;
	const given = (previous?.keys ?? []).filter(
		(text) => isOwn(state, previous, text) && !target.frontends.has(text),
	);
	const asked = [...target.frontends.keys()].filter((text) => !state.frontends.has(text));
	const [frontends, slots, backends, names] = mapUse(state);
	if (frontends && frontends.used - given.length + asked.length > frontends.limit) {
		return { problem: full(target, frontends, asked.length) };
	}
	if (backends && fresh > backends.limit - backends.used) return { problem: full(target, backends, fresh) };
	if (names && !previous?.service && names.used >= names.limit) return { problem: full(target, names, 1) };
	if (kept || keys.length === 0) return { first: 0 };
	const first = state.slots.allocate(keys.length);
	if (first !== undefined || slots === undefined) return { first: first ?? 0 };
	return {
		problem: full(target, slots, keys.length, `, ${state.slots.longestFree()} of them free in one run`),
	};
}

function full(target: Target, use: MapUse, needed: number, detail = ""): Problem {
	const object = `Service ${target.row.namespace}/${target.row.name}`;
	return {
		id: `${target.id} MAP_FULL ${use.name}`,
		object,
		code: "MAP_FULL",
		message:
			`${object}: port "${target.row.port}" (${target.row.family}) needs ${needed} more entries in ${use.name}, ` +
			`which holds ${use.used} of ${use.limit}${detail}; its old state goes on serving`,
		map: use,
	};
}

/** Writes the backend set into fresh slots. */
function fill(
	state: PlannerState,
	target: Target,
	{ first, keys, draft }: { first: number; keys: readonly string[]; draft: Draft },
): BackendRange | undefined {
	if (keys.length === 0) return undefined;
	const protocol = Protocol[target.row.protocol];
	const numbers = target.endpoints.map((endpoint, i) => {
		const key = keys[i] ?? endpointKey(endpoint, protocol);
		return assign(state.backends, { key, endpoint, protocol, out: draft.desired.backends });
	});
	numbers.forEach((number, i) => {
		draft.desired.slots.set(first + i, number);
	});
	draft.added.push(...hold(state.backends, numbers));
	return { first, numbers, region: { first, count: numbers.length, holders: 1 } };
}

function takeService(state: PlannerState, row: ServicePortRow, draft: Draft): number {
	const service = state.services.take();
	if (service === undefined) throw new RangeError("no service number is free");
	draft.desired.names.set(service, { namespace: row.namespace, name: row.name, port: row.port });
	return service;
}

function isOwn(state: PlannerState, row: PlannedRow | undefined, text: string): boolean {
	return row !== undefined && state.frontends.get(text)?.owner === row.id;
}

/** Frontends that the row had and has no more, unless another row has taken them over. */
function dropFrontends(
	state: PlannerState,
	previous: PlannedRow,
	{ keep, draft }: { keep: ReadonlyMap<string, unknown>; draft: Draft },
): void {
	for (const text of previous.keys) {
		const known = state.frontends.get(text);
		if (known === undefined || known.owner !== previous.id || keep.has(text)) continue;
		state.frontends.delete(text);
		state.roomFreed = true;
		draft.desired.frontends.set(text, { key: known.key, value: undefined });
	}
}

function retireRange(state: PlannerState, previous: PlannedRow, service: number | undefined): void {
	const { range, keys } = previous;
	if (range === undefined && service === undefined) return;
	state.retired.add({ numbers: range?.numbers ?? [], region: range?.region, service, keys });
}
