import { BackendFlag, BackendState } from "../dataplane/generated/sock_lb.ts";
import { isRange, rangeCidr } from "../dataplane/source-ranges.ts";
import type { Mirror } from "../dataplane/tables.ts";
import { endpointKey, type Vote } from "./backends.ts";
import { type Group, groupFrontends } from "./frontend-groups.ts";
import { findLeftovers, type Leftovers } from "./leftovers.ts";
import { guessPolicies, type PolicySpans } from "./policy-spans.ts";
import type { Endpoint, ServicePortRow } from "./row.ts";
import type { SlotRange } from "./slot-allocator.ts";

/** Slots that are freed together, when the last range in them is given up. */
export interface Region extends SlotRange {
	holders: number;
}

/** The backend set of a row as it lies in the slots. */
export interface BackendRange {
	first: number;
	numbers: readonly number[];
	region: Region;
}

/** A row as it was last planned, or as the kernel had it at start. */
export interface PlannedRow {
	id: string;
	/** Service number; 0 where the kernel has one that means nothing. */
	service: number;
	/** Undefined where there are no endpoints that take flows. */
	range: BackendRange | undefined;
	/** One for each slot. */
	endpoints: readonly Endpoint[];
	/** Endpoints without a slot, whose flows go on. */
	draining: Vote;
	/** Its frontends, by `frontendText`. */
	keys: readonly string[];
	/** CIDRs that stand in svc_ranges for it. */
	sourceRanges: readonly string[];
	/** The row that is served in whole; undefined where something is missing or left over, or nobody knows. */
	whole?: ServicePortRow | undefined;
}

/** What the kernel's maps say about an earlier run. */
export interface Adopted {
	rows: Map<string, PlannedRow>;
	/** Backend number by `endpointKey`. */
	numbers: Map<string, number>;
	/** All regions in use, leftovers included; sorted, disjoint. */
	regions: Region[];
	leftovers: Leftovers;
	/** What is wrong in the maps, one line each. It is repaired: rows of the API get ranges of their own. */
	repairs: string[];
}

/** Reads rows back from the maps. Pure; never throws, whatever the maps hold. */
export function adopt(mirror: Mirror): Adopted {
	const numbers = numberEndpoints(mirror);
	const repairs: string[] = [];
	const groups = groupFrontends(mirror, { numbers, repairs });
	const regions = joinRegions([...groups.values()].flatMap((group) => group.span ?? []));
	const cidrs = cidrsByService(mirror);
	const rows = new Map<string, PlannedRow>();
	const services = new Set<number>();
	for (const [id, group] of groups) {
		const { service } = group;
		const sourceRanges = service === 0 ? [] : (cidrs.get(service) ?? []);
		rows.set(id, toPlannedRow(mirror, { id, group, regions, sourceRanges }));
		if (service !== 0) services.add(service);
	}
	const leftovers = findLeftovers(mirror, { rows, regions, services });
	const all = [...regions, ...leftovers.regions].sort((a, b) => a.first - b.first);
	return { rows, numbers, regions: all, leftovers, repairs };
}

function cidrsByService({ ranges }: Mirror): Map<number, string[]> {
	const cidrs = new Map<number, string[]>();
	for (const key of ranges.values()) {
		if (!isRange(key)) continue;
		cidrs.set(key.service, [...(cidrs.get(key.service) ?? []), rangeCidr(key)]);
	}
	return cidrs;
}

/**
 * Number by endpoint. Where two cells mean the same endpoint, the one that a slot names is the endpoint's number
 * and the other one is left over.
 */
function numberEndpoints(mirror: Mirror): Map<string, number> {
	const named = new Uint8Array(mirror.backends.length);
	for (const number of mirror.slots) if (number < named.length) named[number] = 1;
	const numbers = new Map<string, number>();
	for (const mustBeNamed of [1, 0]) {
		for (let number = 1; number < mirror.backends.length; number += 1) {
			const cell = mirror.backends[number];
			if (cell === undefined || cell.state === BackendState.FREE || named[number] !== mustBeNamed) continue;
			const key = endpointKey(cell, cell.protocol);
			if (!numbers.has(key)) numbers.set(key, number);
		}
	}
	return numbers;
}

/** Overlapping ranges become one region: none of its slots may be given out while either is pointed to. */
function joinRegions(spans: readonly SlotRange[]): Region[] {
	const regions: Region[] = [];
	for (const span of [...spans].sort((a, b) => a.first - b.first)) {
		const last = regions.at(-1);
		if (last !== undefined && span.first < last.first + last.count) {
			last.count = Math.max(last.count, span.first + span.count - last.first);
		} else {
			regions.push({ ...span, holders: 0 });
		}
	}
	return regions;
}

function toPlannedRow(
	mirror: Mirror,
	of: { id: string; group: Group; regions: readonly Region[]; sourceRanges: readonly string[] },
): PlannedRow {
	const { id, group, regions, sourceRanges } = of;
	const { service, span, sound, keys, entries } = group;
	const row = { id, service, keys, sourceRanges, draining: NONE };
	const region = span && regionAt(regions, span.first);
	if (span === undefined || region === undefined) return { ...row, range: undefined, endpoints: [] };
	region.holders += 1;
	const numbers: number[] = [];
	const endpoints: Endpoint[] = [];
	const policies = guessPolicies(entries.map(({ value }) => value));
	for (let slot = span.first; slot < span.first + span.count; slot += 1) {
		const number = mirror.slots[slot] ?? 0;
		const endpoint = endpointAt(mirror, { slot, policies });
		if (endpoint === undefined) continue;
		numbers.push(number);
		if (sound) endpoints.push(endpoint);
	}
	return { ...row, range: { first: span.first, numbers, region }, endpoints };
}

/** What drains stands in no slot: the model says it again. */
const NONE: Vote = { endpoints: [], numbers: [] };

function endpointAt(
	mirror: Mirror,
	{ slot, policies }: { slot: number; policies: PolicySpans },
): Endpoint | undefined {
	const number = mirror.slots[slot] ?? 0;
	const cell = mirror.backends[number];
	if (number === 0 || cell === undefined || cell.state === BackendState.FREE) return undefined;
	const local = (cell.flags & BackendFlag.LOCAL) !== 0;
	const { Cluster: cluster, Local: here } = policies;
	return {
		address: cell.address,
		port: cell.port,
		state: cell.state === BackendState.TERMINATING ? "terminating" : "active",
		local,
		// Of a policy that no frontend has nothing is known but this.
		forCluster: cluster === undefined || holds(cluster, slot),
		forLocal: here === undefined ? local : holds(here, slot),
	};
}

function holds({ first, count }: SlotRange, slot: number): boolean {
	return slot >= first && slot < first + count;
}

/** The region that a slot lies in; regions are sorted. */
function regionAt(regions: readonly Region[], slot: number): Region | undefined {
	let low = 0;
	let high = regions.length - 1;
	while (low <= high) {
		const middle = (low + high) >> 1;
		const region = regions[middle];
		if (region === undefined) return undefined;
		if (slot < region.first) high = middle - 1;
		else if (slot >= region.first + region.count) low = middle + 1;
		else return region;
	}
	return undefined;
}
