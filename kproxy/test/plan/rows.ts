import { createSync, type Sync } from "../../src/dataplane/sync.ts";
import type { Mirror } from "../../src/dataplane/tables.ts";
import { readTables } from "../../src/dataplane/tables.ts";
import type { Planner } from "../../src/plan/planner.ts";
import { createPlanner } from "../../src/plan/planner.ts";
import { type Endpoint, type RowFrontend, rowId, type ServicePortRow } from "../../src/plan/row.ts";
import { type FakeLimits, type FakeTables, fakeTables } from "../dataplane/fake-tables.ts";

/** A TCP row of Service shop/`name`, port http, frontend `at` port 80; endpoints: `address` (port 8080) or whole. */
export function row(
	name: string,
	of: { at: string; endpoints: readonly (string | PartialEndpoint)[] } & Partial<
		Omit<ServicePortRow, "endpoints">
	>,
): ServicePortRow {
	const { at, endpoints, ...parts } = of;
	return {
		namespace: "shop",
		name,
		port: "http",
		protocol: "TCP",
		family: at.includes(":") ? "IPv6" : "IPv4",
		frontends: [clusterIP(at)],
		endpoints: endpoints.map((endpoint) =>
			toEndpoint(typeof endpoint === "string" ? { address: endpoint } : endpoint),
		),
		affinityTimeoutS: 0,
		sourceRanges: [],
		nodeInSourceRanges: false,
		...parts,
	};
}

type PartialEndpoint = Partial<Endpoint> & Pick<Endpoint, "address">;

/** Port 8080, active, on another node and for policy Cluster alone, unless told otherwise. */
function toEndpoint(parts: PartialEndpoint): Endpoint {
	return { port: 8080, state: "active", local: false, forCluster: true, forLocal: false, ...parts };
}

/** Port 80 of a ClusterIP, policy Cluster for all, unless told otherwise. */
export function clusterIP(address: string, parts: Partial<RowFrontend> = {}): RowFrontend {
	return { kind: "ClusterIP", address, port: 80, internal: "Cluster", external: "Cluster", ...parts };
}

/** Rows that changed, by id; those of `gone` went. */
export function changes(rows: readonly ServicePortRow[], gone: readonly ServicePortRow[] = []) {
	return new Map<string, ServicePortRow | undefined>([
		...rows.map((row) => [rowId(row), row] as const),
		...gone.map((row) => [rowId(row), undefined] as const),
	]);
}

/** A planner and a sync on fake tables, with the time in the test's hands. */
export interface Bench {
	tables: FakeTables;
	planner: Planner;
	sync: Sync;
	actual: Mirror;
	/** Plans, applies and settles; returns the backends that went. */
	run(
		rows: readonly ServicePortRow[],
		options?: { gone?: readonly ServicePortRow[]; nowMs?: number },
	): string[];
}

export const GRACE_MS = 1000;

/** A planner and a sync that start from these tables. */
export function bench(tables: FakeTables = fakeTables(), limits?: FakeLimits): Bench {
	const actual = readTables(tables);
	const full = {
		frontends: limits?.frontends ?? tables.frontends.maxEntries,
		slots: limits?.slots ?? tables.slots.maxEntries,
		backends: limits?.backends ?? tables.backends.maxEntries,
		names: limits?.names ?? tables.names.maxEntries,
		ranges: limits?.ranges ?? tables.ranges.maxEntries,
	};
	const planner = createPlanner({ actual, limits: full, graceMs: GRACE_MS });
	const sync = createSync(tables, actual);
	return {
		tables,
		planner,
		sync,
		actual,
		run(rows, { gone = [], nowMs = 0 } = {}) {
			sync.apply(planner.plan({ rows: changes(rows, gone), synced: true, nowMs }).desired);
			const removed = planner.settle({ frontendAt: sync.frontendAt, nowMs });
			return removed.map(({ address, port }) => `${address}:${port}`);
		},
	};
}
