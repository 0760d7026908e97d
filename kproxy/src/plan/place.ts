import { sealFrontend } from "../dataplane/frontend-check.ts";
import { Algorithm, type Frontend, Protocol } from "../dataplane/generated/sock_lb.ts";
import type { BackendRange, PlannedRow } from "./adopt.ts";
import { assign, countVotes, dial, endpointKey, hold, unvote, type Vote, vote } from "./backends.ts";
import { fit } from "./fit.ts";
import { dropFrontend, putFrontend } from "./frontends.ts";
import { type Layout, layOut, slotsFor } from "./layout.ts";
import { replaceRanges } from "./ranges.ts";
import type { Endpoint, ServicePortRow } from "./row.ts";
import type { PlannedFrontend, PlannerState } from "./state.ts";

/** A row and what of it is to be served now. */
export interface Target {
	id: string;
	row: ServicePortRow;
	endpoints: readonly Endpoint[];
	/** By `frontendText`. */
	frontends: ReadonlyMap<string, PlannedFrontend>;
	/** This is all of the row and nothing else. */
	whole: boolean;
}

/** A target with what follows from it. */
export interface Placing extends Target {
	layout: Layout;
	/** `endpointKey` of each slot and of each draining endpoint. */
	keys: readonly string[];
	drainingKeys: readonly string[];
	previous: PlannedRow | undefined;
	/** The slots of the previous plan hold just these backends. */
	kept: boolean;
}

/**
 * Plans one row: all of it, or, where a map is too small, nothing, and its old state goes on serving. A backend
 * set that stays the same keeps its range; any other gets a fresh one, so that no reader sees it half-written.
 */
export function place(state: PlannerState, target: Target): void {
	const placing = preparePlacing(state, target);
	const { id, row, layout, previous, kept } = placing;
	const fitted = fit(state, placing);
	if ("problem" in fitted) {
		state.misfits.set(id, fitted.problem);
		return;
	}
	state.misfits.delete(id);

	const range = kept ? previous?.range : fill(state, { placing, first: fitted.first });
	const planned: PlannedRow = {
		id,
		service: previous?.service || takeService(state, row),
		range,
		endpoints: layout.endpoints,
		draining: { endpoints: layout.draining, numbers: numberDraining(state, placing) },
		keys: [...target.frontends.keys()],
		sourceRanges: row.sourceRanges,
		whole: target.whole ? row : undefined,
	};
	state.planned.set(id, planned);
	castVotes(state, { planned, previous });
	replaceRanges(state, {
		service: planned.service,
		before: previous?.sourceRanges ?? [],
		now: row.sourceRanges,
	});

	const value = frontendValue(planned, { layout, affinityTimeoutS: row.affinityTimeoutS });
	for (const [text, frontend] of target.frontends) {
		putFrontend(state, { text, frontend, owner: id });
		state.draft.frontends.set(text, {
			key: frontend.key,
			value: sealFrontend(frontend.key, value(frontend)),
		});
	}
	if (previous === undefined) return;
	noteLeft(state, { before: previous, now: planned });
	dropFrontends(state, { previous, keep: target.frontends });
	retire(state, { previous, range: !kept, service: undefined });
}

function preparePlacing(state: PlannerState, target: Target): Placing {
	const previous = state.planned.get(target.id);
	const protocol = Protocol[target.row.protocol];
	const layout = layOut(target.endpoints, target.frontends.values());
	const keys = layout.endpoints.map((endpoint) => endpointKey(endpoint, protocol));
	const drainingKeys = layout.draining.map((endpoint) => endpointKey(endpoint, protocol));
	const kept = previous !== undefined && sameSet(state, { previous, keys });
	return { ...target, layout, keys, drainingKeys, previous, kept };
}

/** The new votes first: an endpoint in both sets must not look unwanted in between. */
function castVotes(
	{ backends }: PlannerState,
	{ planned, previous }: { planned: PlannedRow; previous: PlannedRow | undefined },
): void {
	const votes = votesOf(planned);
	for (const each of votes) vote(backends, each);
	const before = previous ? votesOf(previous) : [];
	for (const each of before) unvote(backends, each);
	for (const { numbers } of [...votes, ...before]) countVotes(backends, numbers);
}

/** Takes a row away: its frontends go, and what they led to is free once nobody can be on the way there. */
export function remove(state: PlannerState, id: string): void {
	state.misfits.delete(id);
	const previous = state.planned.get(id);
	if (previous === undefined) return;
	state.planned.delete(id);
	for (const each of votesOf(previous)) unvote(state.backends, each);
	for (const { numbers } of votesOf(previous)) countVotes(state.backends, numbers);
	replaceRanges(state, { service: previous.service, before: previous.sourceRanges, now: [] });
	noteLeft(state, { before: previous, now: undefined });
	dropFrontends(state, { previous, keep: NOTHING });
	retire(state, { previous, range: true, service: previous.service === 0 ? undefined : previous.service });
}

const NOTHING: ReadonlyMap<string, PlannedFrontend> = new Map();

/** What a row says of its endpoints: of those with slots, and of those without. */
export function votesOf({ endpoints, range, draining }: PlannedRow): readonly Vote[] {
	return [{ endpoints, numbers: range?.numbers ?? [] }, draining];
}

/** UDP sockets do not find out by themselves that their peer is gone: somebody has to tell them. */
function noteLeft(
	{ backends, draft }: PlannerState,
	{ before, now }: { before: PlannedRow; now: PlannedRow | undefined },
): void {
	const kept = new Set(now ? votesOf(now).flatMap(({ numbers }) => numbers) : []);
	for (const number of votesOf(before).flatMap(({ numbers }) => numbers)) {
		const cell = backends.cells[number];
		if (cell?.protocol === Protocol.UDP && !kept.has(number)) draft.left.push(cell);
	}
}

function sameSet(
	{ backends }: PlannerState,
	{ previous, keys }: { previous: PlannedRow; keys: readonly string[] },
): boolean {
	// Another row's frontends reach into these slots: to part them, both get ranges of their own.
	if ((previous.range?.region.holders ?? 0) > 1) return false;
	const numbers = previous.range?.numbers ?? [];
	// A range that is not sound has endpoints that were not read: it is never kept.
	if (numbers.length !== keys.length || previous.endpoints.length !== keys.length) return false;
	return keys.every((key, i) => backends.numbers.get(key) === numbers[i]);
}

/** Writes the backend set into fresh slots. */
function fill(
	{ backends, draft }: PlannerState,
	{ placing, first }: { placing: Placing; first: number },
): BackendRange | undefined {
	const { layout, keys, row } = placing;
	if (keys.length === 0) return undefined;
	const numbers = assignAll(backends, {
		endpoints: layout.endpoints,
		keys,
		protocol: Protocol[row.protocol],
	});
	numbers.forEach((number, i) => {
		draft.slots.set(first + i, number);
	});
	hold(backends, numbers);
	for (const backend of dial(backends, numbers)) draft.added.push(backend);
	return { first, numbers, region: { first, count: numbers.length, holders: 1 } };
}

/** Numbers of the endpoints that have no slot. */
function numberDraining(
	{ backends }: PlannerState,
	{ layout, drainingKeys: keys, row }: Placing,
): readonly number[] {
	if (keys.length === 0) return NO_NUMBERS;
	const numbers = assignAll(backends, { endpoints: layout.draining, keys, protocol: Protocol[row.protocol] });
	hold(backends, numbers);
	return numbers;
}

const NO_NUMBERS: readonly number[] = [];

function assignAll(
	backends: PlannerState["backends"],
	of: { endpoints: readonly Endpoint[]; keys: readonly string[]; protocol: Protocol },
): number[] {
	const { endpoints, keys, protocol } = of;
	return endpoints.map((endpoint, i) => {
		const key = keys[i] ?? endpointKey(endpoint, protocol);
		return assign(backends, { key, endpoint, protocol });
	});
}

function takeService({ services, draft }: PlannerState, { namespace, name, port }: ServicePortRow): number {
	const service = services.take();
	if (service === undefined) throw new RangeError("no service number is free");
	draft.names.set(service, { namespace, name, port });
	return service;
}

/** The value that sends a frontend to its runs of the row's range. */
function frontendValue(
	{ range, service }: PlannedRow,
	{ layout, affinityTimeoutS }: { layout: Layout; affinityTimeoutS: number },
): (frontend: PlannedFrontend) => Omit<Frontend, "check"> {
	const first = range?.first ?? 0;
	const runs = {
		Cluster: slotsFor("Cluster", { layout, first }),
		Local: slotsFor("Local", { layout, first }),
	};
	return ({ internal, external, flags }) => ({
		internal: runs[internal],
		external: runs[external],
		service,
		affinityTimeoutS,
		algorithm: Algorithm.RANDOM,
		flags,
	});
}

/** Frontends that the row had and has no more, unless another row has taken them over. */
function dropFrontends(
	state: PlannerState,
	{ previous, keep }: { previous: PlannedRow; keep: ReadonlyMap<string, PlannedFrontend> },
): void {
	for (const text of previous.keys) {
		if (state.frontends.get(text)?.owner === previous.id && !keep.has(text)) dropFrontend(state, text);
	}
}

/** What the row had and has no more. `range`: its slots too; `service`: its number, where the row is gone. */
function retire(
	{ retired }: PlannerState,
	{
		previous,
		range: withRange,
		service,
	}: { previous: PlannedRow; range: boolean; service: number | undefined },
): void {
	const { keys, draining } = previous;
	const range = withRange ? previous.range : undefined;
	if (range === undefined && service === undefined && draining.numbers.length === 0) return;
	retired.add({
		numbers: range?.numbers ?? [],
		draining: draining.numbers,
		region: range?.region,
		service,
		keys: range === undefined && service === undefined ? [] : keys,
	});
}
