import {
	BackendFlag,
	BackendState,
	FrontendFlag,
	type SlotRange,
} from "../../src/dataplane/generated/sock_lb.ts";
import { isRange, rangeCidr } from "../../src/dataplane/source-ranges.ts";
import { frontendText, isGuard, protocolText } from "../../src/dataplane/tables.ts";
import { DEFAULT_NODE_PORT_RANGE } from "../../src/model/frontends.ts";
import type { ApiObject, ServiceObject } from "../../src/model/objects.ts";
import { serviceRows } from "../../src/model/rows.ts";
import {
	type Endpoint,
	type RowFrontend,
	rowId,
	type ServicePortRow,
	type TrafficPolicy,
} from "../../src/plan/row.ts";
import type { FakeTables } from "../dataplane/fake-tables.ts";

/** What a frontend serves. Backends as in `10.0.0.1 8080/TCP`, sorted. */
export interface ServedFrontend {
	/** Service and port. */
	owner: string;
	internal: string[];
	external: string[];
	flags: number;
	affinityTimeoutS: number;
	/** Source ranges of its row, sorted. */
	ranges: string[];
}

/** By `frontendText`. */
export type Served = Map<string, ServedFrontend>;

/** What should be in the tables. */
export interface Reference {
	served: Served;
	/** By `frontendText`, as in `Cluster Local`. */
	policies: Map<string, string>;
	/** ClusterIPs, sorted. */
	guards: string[];
	/** All endpoints, as in `10.0.0.1 8080/TCP active local`, sorted: with a slot or draining. */
	cells: string[];
	/** How many rows and source ranges there are. */
	rows: number;
	ranges: number;
}

/** The node that the pipelines under test run on. */
export const NODE = { nodeName: "here", nodeIPs: ["192.0.2.10", "2001:db8::10"] };

/**
 * What should be served, computed from all objects at once in the most obvious way: the yardstick for everything
 * that the model and the plan do step by step. Which endpoints a policy may use comes from the model's `serviceRows`,
 * which has tests of its own.
 */
export function reference(objects: readonly ApiObject[]): Reference {
	const served: Served = new Map();
	const policies = new Map<string, string>();
	const guards = new Set<string>();
	const endpoints: { endpoint: Endpoint; protocol: string }[] = [];
	const rows = new Map<string, ServicePortRow>();
	for (const row of candidates(objects)) {
		for (const frontend of row.frontends) {
			const text = `${frontend.address.includes(":") ? `[${frontend.address}]` : frontend.address}:${frontend.port}/${row.protocol}`;
			if (served.has(text)) continue;
			served.set(text, servedFrontend(row, frontend));
			policies.set(text, `${frontend.internal} ${frontend.external}`);
			if (frontend.kind === "ClusterIP") guards.add(frontend.address);
			rows.set(rowId(row), row);
		}
	}
	for (const { endpoints: own, protocol } of rows.values()) {
		for (const endpoint of own) endpoints.push({ endpoint, protocol });
	}
	const ranges = [...rows.values()].reduce((sum, { sourceRanges }) => sum + sourceRanges.length, 0);
	return { served, policies, guards: [...guards].sort(), cells: cellsOf(endpoints), rows: rows.size, ranges };
}

/** Rows of all Services, the ones first that win where two claim one frontend. */
function candidates(objects: readonly ApiObject[]): ServicePortRow[] {
	const here = objects.find((object) => object.kind === "Node" && object.name === NODE.nodeName);
	const context = {
		node: { name: NODE.nodeName, zone: here?.kind === "Node" ? here.zone : "" },
		nodeIPs: NODE.nodeIPs,
		nodePortRange: DEFAULT_NODE_PORT_RANGE,
	};
	const age = ({ createdMs }: ServiceObject) => createdMs ?? Number.MAX_VALUE;
	const services = objects.filter((object) => object.kind === "Service");
	services.sort((a, b) => age(a) - age(b) || (a.name < b.name ? -1 : 1));
	return services.flatMap((service) => {
		const slices = objects.filter((object) => object.kind === "EndpointSlice");
		const own = slices.filter(({ service: name }) => name === service.name);
		return [...serviceRows(service, own, context).rows.values()];
	});
}

function servedFrontend(row: ServicePortRow, { kind, internal, external }: RowFrontend): ServedFrontend {
	const closed = kind === "LoadBalancer" && row.sourceRanges.length > 0;
	return {
		owner: `${row.namespace}/${row.name}:${row.port}`,
		internal: backendsFor(internal, row),
		external: backendsFor(external, row),
		flags:
			(external === "Local" ? FrontendFlag.LOCAL_EXTERNAL : 0) +
			(closed ? FrontendFlag.SOURCE_RANGES : 0) +
			(closed && row.nodeInSourceRanges ? FrontendFlag.NODE_ALLOWED : 0),
		affinityTimeoutS: row.affinityTimeoutS,
		ranges: [...row.sourceRanges].sort(),
	};
}

function backendsFor(policy: TrafficPolicy, { endpoints, protocol }: ServicePortRow): string[] {
	const chosen = endpoints.filter((endpoint) =>
		policy === "Local" ? endpoint.forLocal : endpoint.forCluster,
	);
	return chosen.map(({ address, port }) => `${address} ${port}/${protocol}`).sort();
}

/** One cell for each endpoint: active and local where any row calls it so. */
function cellsOf(all: readonly { endpoint: Endpoint; protocol: string }[]): string[] {
	const cells = new Map<string, { active: boolean; local: boolean }>();
	for (const { endpoint, protocol } of all) {
		const text = `${endpoint.address} ${endpoint.port}/${protocol}`;
		const known = cells.get(text);
		cells.set(text, {
			active: endpoint.state === "active" || known?.active === true,
			local: endpoint.local || known?.local === true,
		});
	}
	return Array.from(cells, ([text, cell]) => cellText(text, cell)).sort();
}

function cellText(text: string, { active, local }: { active: boolean; local: boolean }): string {
	return `${text} ${active ? "active" : "terminating"}${local ? " local" : ""}`;
}

/** The cells that are in use, those that are only retired left out. */
export function cellsIn(tables: FakeTables): string[] {
	const cells = [...tables.content().backends.values()].filter(({ state }) => state !== BackendState.RETIRED);
	return cells
		.map(({ address, port, protocol, state, flags }) =>
			cellText(`${address} ${port}/${protocolText(protocol)}`, {
				active: state === BackendState.ACTIVE,
				local: flags === BackendFlag.LOCAL,
			}),
		)
		.sort();
}

/** What the tables serve, read as the program in the kernel does. Throws for a hole, and for a retired backend. */
export function servedBy(tables: FakeTables): Served {
	const served: Served = new Map();
	const ranges = rangesByService(tables);
	for (const [key, value] of tables.frontends.entries()) {
		if (isGuard(key)) continue;
		const text = frontendText(key);
		const name = tables.names.get(value.service);
		if (name === undefined) throw new Error(`${text} has service number ${value.service}, which has no name`);
		served.set(text, {
			owner: `${name.namespace}/${name.name}:${name.port}`,
			internal: dialled(tables, { text, range: value.internal, mayBeRetired: false }),
			external: dialled(tables, { text, range: value.external, mayBeRetired: false }),
			flags: value.flags,
			affinityTimeoutS: value.affinityTimeoutS,
			ranges: ranges.get(value.service) ?? [],
		});
	}
	return served;
}

function rangesByService(tables: FakeTables): Map<number, string[]> {
	const ranges = new Map<number, string[]>();
	for (const [key] of tables.ranges.entries()) {
		if (!isRange(key))
			throw new Error(`a source range has ${key.prefixLength} bits: it is several Services'`);
		ranges.set(key.service, [...(ranges.get(key.service) ?? []), rangeCidr(key)].sort());
	}
	return ranges;
}

/** The backends in a range of slots, sorted. Throws for a hole. */
export function dialled(
	tables: FakeTables,
	{ text, range: { first, count }, mayBeRetired }: { text: string; range: SlotRange; mayBeRetired: boolean },
): string[] {
	const protocol = text.split("/")[1];
	return Array.from({ length: count }, (_, i) => {
		const number = tables.slots.get(first + i) ?? 0;
		const cell = tables.backends.get(number);
		if (number === 0) throw new Error(`${text} leads to slot ${first + i}, which is free`);
		if (cell === undefined || cell.state === BackendState.FREE) {
			throw new Error(`${text} leads to backend ${number}, which is free`);
		}
		if (cell.state === BackendState.RETIRED && !mayBeRetired) {
			throw new Error(`${text} leads to backend ${number}, which is retired`);
		}
		if (protocolText(cell.protocol) !== protocol)
			throw new Error(`${text} leads to protocol ${cell.protocol}`);
		return `${cell.address} ${cell.port}/${protocol}`;
	}).sort();
}
