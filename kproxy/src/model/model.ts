import { isDeepStrictEqual } from "node:util";
import type { RowChanges, ServicePortRow } from "../plan/row.ts";
import type { Problem } from "../problem.ts";
import type { Change } from "../watch/source.ts";
import { createClaims } from "./claims.ts";
import { createClusterFacts, type NodeFacts } from "./cluster-facts.ts";
import { DEFAULT_NODE_PORT_RANGE, type PortRange } from "./frontends.ts";
import { type HealthCheck, healthCheckOf, sameHealthCheck } from "./health-check.ts";
import { type Entry, entryOf, takeService, takeSlice } from "./model-entries.ts";
import type { ModelState } from "./model-state.ts";
import { claim, publish } from "./publish.ts";
import { type ServiceRows, serviceRows } from "./rows.ts";
import { serviceProblem } from "./service-problem.ts";

/** What a model needs to know besides the objects. */
export interface ModelOptions {
	/** This node's name, for local endpoints and hints; default: no endpoint is local. */
	nodeName?: string;
	/** This node's own addresses, both families; default: those that its Node object names. */
	nodeIPs?: readonly string[];
	/** NodePorts that are served; default 30000 to 32767. */
	nodePortRange?: PortRange;
}

/** What a batch of changes did to the rows. */
export interface ModelUpdate {
	/** Rows whose content changed: the row as it is now, or undefined where it went. */
	rows: RowChanges;
	/** Trigger times (ms since the epoch) of the slices that changed rows, for the network programming latency. */
	triggerTimesMs: readonly number[];
	/** Whether {@link Model.healthChecks}, {@link Model.node} and {@link Model.serviceCIDRs} say something else now. */
	healthChecksChanged: boolean;
	nodeChanged: boolean;
	serviceCIDRsChanged: boolean;
}

/** API objects as rows, kept up to date. Does no I/O. */
export interface Model {
	/** Takes what changed and returns only the rows whose content changed. Never throws for a bad object. */
	update(changes: readonly Change[]): ModelUpdate;
	/** All rows, by row id. */
	rows(): IterableIterator<[string, ServicePortRow]>;
	/** The health check node ports that there are, with how many endpoints are on this node. */
	healthChecks(): readonly HealthCheck[];
	/** This node, as its Node object says; undefined where there is none. */
	node(): NodeFacts | undefined;
	/** The ranges that ClusterIPs are allocated from, sorted; empty where the API server does not say. */
	serviceCIDRs(): readonly string[];
	/** What is wrong with objects now, by problem id. */
	readonly problems: ReadonlyMap<string, Problem>;
	/** How much there is. */
	counts(): { services: number; slices: number; rows: number };
}

/** An empty model. Memory: the objects as the watch keeps them, and one small object per endpoint of a row. */
export function createModel(options: ModelOptions = {}): Model {
	const entries = new Map<string, Entry>();
	const facts = createClusterFacts(options);
	const state: ModelState = {
		entries,
		sliceOwners: new Map(),
		claims: createClaims((service) => entries.get(service)?.service?.createdMs),
		problems: new Map(),
		facts,
		nodePortRange: options.nodePortRange ?? DEFAULT_NODE_PORT_RANGE,
	};
	return {
		update: (changes) => update(state, changes),
		*rows() {
			for (const entry of entries.values()) yield* entry.rows;
		},
		healthChecks: () =>
			Array.from(entries.values(), ({ healthCheck }) => healthCheck).filter((check) => check !== undefined),
		node: facts.node,
		serviceCIDRs: facts.serviceCIDRs,
		problems: state.problems,
		counts() {
			let services = 0;
			let rows = 0;
			for (const entry of entries.values()) {
				if (entry.service) services += 1;
				rows += entry.rows.size;
			}
			return { services, slices: state.sliceOwners.size, rows };
		},
	};
}

function update(state: ModelState, changes: readonly Change[]): ModelUpdate {
	const dirty = new Set<string>();
	const triggers = new Map<string, number[]>();
	const before = { node: state.facts.node(), serviceCIDRs: state.facts.serviceCIDRs() };
	for (const change of changes) {
		if (change.kind === "Service") dirty.add(takeService(state, change));
		else if (change.kind === "EndpointSlice") takeSlice(state, { change, dirty, triggers });
		else state.facts.take(change);
	}
	for (const id of dependents(state, before.node)) dirty.add(id);

	// Claims first, for all: who wins a frontend must not depend on the order of changes.
	const found = new Map<string, Computed>();
	const contested = new Set<string>();
	for (const id of dirty) {
		const result = compute(state, id);
		found.set(id, result);
		for (const other of claim(state, { id, rows: result.rows })) contested.add(other);
	}
	for (const id of contested) if (!found.has(id)) found.set(id, compute(state, id));

	const rows = new Map<string, ServicePortRow | undefined>();
	const triggerTimesMs: number[] = [];
	let healthChecksChanged = false;
	for (const [id, result] of found) {
		const count = rows.size;
		if (takeHealthCheck(state, id, result.healthCheck)) healthChecksChanged = true;
		publish(state, { id, result, changed: rows });
		if (rows.size > count) triggerTimesMs.push(...(triggers.get(id) ?? []));
	}
	return {
		rows,
		triggerTimesMs,
		healthChecksChanged,
		nodeChanged: !isDeepStrictEqual(state.facts.node(), before.node),
		serviceCIDRsChanged: !isDeepStrictEqual(state.facts.serviceCIDRs(), before.serviceCIDRs),
	};
}

/** Services whose rows depend on what this node's Node object now says differently. */
function* dependents(state: ModelState, before: NodeFacts | undefined): Iterable<string> {
	const zoneChanged = state.facts.node()?.zone !== before?.zone;
	const addressesChanged = state.facts.node()?.addresses !== before?.addresses;
	if (!zoneChanged && !addressesChanged) return;
	for (const [id, { service, slices }] of state.entries) {
		const byAddress = addressesChanged && (service?.loadBalancerSourceRanges.length ?? 0) > 0;
		const byZone =
			zoneChanged && slices.some(({ endpoints }) => endpoints.some(({ forZones }) => forZones.length > 0));
		if (byAddress || byZone) yield id;
	}
}

/** What a Service and its slices come to. */
interface Computed extends ServiceRows {
	healthCheck: HealthCheck | undefined;
}

function compute(state: ModelState, id: string): Computed {
	const entry = entryOf(state, id);
	const { service, slices } = entry;
	if (service === undefined) return { rows: new Map(), problems: [], healthCheck: undefined };
	const { facts, nodePortRange } = state;
	const { nodeName } = facts;
	try {
		const node = { name: nodeName, zone: facts.node()?.zone ?? "" };
		const { rows, problems } = serviceRows(service, slices, {
			node,
			nodeIPs: facts.nodeIPs(),
			nodePortRange,
		});
		return { rows, problems, healthCheck: healthCheckOf(service, { slices, nodeName }) };
	} catch (cause) {
		// An object that a source should have refused: what it served before goes on, and so do all others.
		const why = cause instanceof Error ? cause.message : String(cause);
		const problem = serviceProblem(service, `cannot be read (${why}); its last state goes on serving`);
		return {
			rows: new Map(entry.rows),
			problems: [{ ...problem, id: `${problem.object} unreadable` }],
			healthCheck: entry.healthCheck,
		};
	}
}

/** Returns whether the health check of a Service is another one now. */
function takeHealthCheck(state: ModelState, id: string, now: HealthCheck | undefined): boolean {
	const entry = entryOf(state, id);
	if (sameHealthCheck(entry.healthCheck, now)) return false;
	entry.healthCheck = now;
	return true;
}
