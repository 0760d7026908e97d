import { sealFrontend } from "../dataplane/frontend-check.ts";
import {
	Algorithm,
	type Frontend,
	type FrontendKey,
	Protocol,
	Scope,
} from "../dataplane/generated/sock_lb.ts";
import { frontendText } from "../dataplane/tables.ts";
import type { Problem } from "../problem.ts";
import type { BackendRange, PlannedRow } from "./adopt.ts";
import { assign, countVotes, endpointKey, hold, unvote, type Vote, vote } from "./backends.ts";
import type { MapUse } from "./map-use.ts";
import type { Endpoint, ServicePortRow } from "./row.ts";
import { mapUse, type PlannerState } from "./state.ts";

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
export function place(state: PlannerState, target: Target): void {
	const previous = state.planned.get(target.id);
	const keys = target.endpoints.map((endpoint) => endpointKey(endpoint, Protocol[target.row.protocol]));
	const kept = previous !== undefined && sameSet(state, { previous, keys });
	const fitted = fit(state, { target, previous, keys, kept });
	if ("problem" in fitted) {
		state.misfits.set(target.id, fitted.problem);
		return;
	}
	state.misfits.delete(target.id);

	const row: PlannedRow = {
		id: target.id,
		service: previous?.service || takeService(state, target.row),
		range: kept ? previous.range : fill(state, { target, first: fitted.first, keys }),
		endpoints: target.endpoints,
		keys: [...target.frontends.keys()],
		whole: target.whole ? target.row : undefined,
	};
	state.planned.set(target.id, row);
	// The new votes first: an endpoint in both sets must not look unwanted in between.
	vote(state.backends, voteOf(row));
	if (previous) unvote(state.backends, voteOf(previous));
	countVotes(state.backends, voteOf(row).numbers);
	if (previous && !kept) countVotes(state.backends, voteOf(previous).numbers);

	const value = frontendValue(row, target.row.affinityTimeoutS);
	for (const [text, key] of target.frontends) {
		state.frontends.set(text, { key, owner: target.id });
		state.draft.frontends.set(text, { key, value: sealFrontend(key, value) });
	}
	if (previous === undefined) return;
	dropFrontends(state, { previous, keep: target.frontends });
	if (!kept) retireRange(state, { previous, service: undefined });
}

/** Takes a row away: its frontends go, and what they led to is free once nobody can be on the way there. */
export function remove(state: PlannerState, id: string): void {
	state.misfits.delete(id);
	const previous = state.planned.get(id);
	if (previous === undefined) return;
	state.planned.delete(id);
	unvote(state.backends, voteOf(previous));
	countVotes(state.backends, voteOf(previous).numbers);
	dropFrontends(state, { previous, keep: NOTHING });
	retireRange(state, { previous, service: previous.service === 0 ? undefined : previous.service });
}

const NOTHING: ReadonlyMap<string, FrontendKey> = new Map();

/** What a row says of its endpoints. */
export function voteOf({ endpoints, range }: PlannedRow): Vote {
	return { endpoints, numbers: range?.numbers ?? [] };
}

function sameSet(
	{ backends }: PlannerState,
	{ previous, keys }: { previous: PlannedRow; keys: readonly string[] },
): boolean {
	// Another row's frontends reach into these slots: to part them, both get ranges of their own.
	if ((previous.range?.region.holders ?? 0) > 1) return false;
	const { endpoints, numbers } = voteOf(previous);
	// A range that is not sound has endpoints that were not read: it is never kept.
	if (numbers.length !== keys.length || endpoints.length !== keys.length) return false;
	return keys.every((key, i) => backends.numbers.get(key) === numbers[i]);
}

/** Room for everything the row needs, its slots already taken; or the problem that says which map has none. */
function fit(
	state: PlannerState,
	row: { target: Target; previous: PlannedRow | undefined; keys: readonly string[]; kept: boolean },
): { first: number } | { problem: Problem } {
	const { target, previous, keys, kept } = row;
	const fresh = kept ? 0 : keys.filter((key) => !state.backends.numbers.has(key)).length;
	const own = (previous?.keys ?? []).filter((text) => state.frontends.get(text)?.owner === target.id);
	const given = own.filter((text) => !target.frontends.has(text));
	const asked = [...target.frontends.keys()].filter((text) => !state.frontends.has(text));
	const [frontends, slots, backends, names] = mapUse(state);
	if (frontends && frontends.used - given.length + asked.length > frontends.limit) {
		return { problem: full(target, { use: frontends, needed: asked.length }) };
	}
	if (backends && fresh > backends.limit - backends.used) {
		return { problem: full(target, { use: backends, needed: fresh }) };
	}
	if (names && !previous?.service && names.used >= names.limit) {
		return { problem: full(target, { use: names, needed: 1 }) };
	}
	if (kept || keys.length === 0) return { first: 0 };
	const first = state.slots.allocate(keys.length);
	if (first !== undefined || slots === undefined) return { first: first ?? 0 };
	const detail = `, ${state.slots.longestFree()} of them free in one run`;
	return { problem: full(target, { use: slots, needed: keys.length, detail }) };
}

function full(target: Target, lack: { use: MapUse; needed: number; detail?: string }): Problem {
	const { use, needed, detail = "" } = lack;
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
	{ backends, draft }: PlannerState,
	{ target, first, keys }: { target: Target; first: number; keys: readonly string[] },
): BackendRange | undefined {
	if (keys.length === 0) return undefined;
	const protocol = Protocol[target.row.protocol];
	const numbers = target.endpoints.map((endpoint, i) => {
		const key = keys[i] ?? endpointKey(endpoint, protocol);
		return assign(backends, { key, endpoint, protocol });
	});
	numbers.forEach((number, i) => {
		draft.slots.set(first + i, number);
	});
	for (const backend of hold(backends, numbers)) draft.added.push(backend);
	return { first, numbers, region: { first, count: numbers.length, holders: 1 } };
}

function takeService({ services, draft }: PlannerState, { namespace, name, port }: ServicePortRow): number {
	const service = services.take();
	if (service === undefined) throw new RangeError("no service number is free");
	draft.names.set(service, { namespace, name, port });
	return service;
}

/** The value that sends a frontend to a row's range. */
function frontendValue({ range, service }: PlannedRow, affinityTimeoutS: number): Omit<Frontend, "check"> {
	return {
		firstSlot: range?.first ?? 0,
		slotCount: range?.numbers.length ?? 0,
		service,
		affinityTimeoutS,
		algorithm: Algorithm.RANDOM,
		flags: 0,
	};
}

/** Frontends that the row had and has no more, unless another row has taken them over. */
function dropFrontends(
	state: PlannerState,
	{ previous, keep }: { previous: PlannedRow; keep: ReadonlyMap<string, FrontendKey> },
): void {
	for (const text of previous.keys) {
		const known = state.frontends.get(text);
		if (known === undefined || known.owner !== previous.id || keep.has(text)) continue;
		state.frontends.delete(text);
		state.roomFreed = true;
		state.draft.frontends.set(text, { key: known.key, value: undefined });
	}
}

/** The row leads there no more. `service`: its number, where the row is gone. */
function retireRange(
	{ retired }: PlannerState,
	{ previous, service }: { previous: PlannedRow; service: number | undefined },
): void {
	const { range, keys } = previous;
	if (range === undefined && service === undefined) return;
	retired.add({ numbers: range?.numbers ?? [], region: range?.region, service, keys });
}
