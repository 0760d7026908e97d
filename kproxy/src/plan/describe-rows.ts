import { byAddress, describeRanges, type FrontendView, sortViews } from "../dataplane/service-view.ts";
import { frontendsOf } from "./frontends.ts";
import type { Endpoint, ServicePortRow, TrafficPolicy } from "./row.ts";

/** Rows as the kernel should show them, to be compared with `describeTables`. Give all rows: they share backends. */
export function describeRows(rows: Iterable<ServicePortRow>): FrontendView[] {
	const all = [...rows];
	// A backend is one cell, active and local where any row calls it so.
	const cells: Cells = { active: new Set(), local: new Set() };
	for (const row of all) {
		for (const endpoint of row.endpoints) {
			if (endpoint.state === "active") cells.active.add(cellOf(row, endpoint));
			if (endpoint.local) cells.local.add(cellOf(row, endpoint));
		}
	}
	return sortViews(all.flatMap((row) => describeRow(row, cells)));
}

/** By `cellOf`. */
interface Cells {
	active: Set<string>;
	local: Set<string>;
}

function describeRow(row: ServicePortRow, cells: Cells): FrontendView[] {
	return [...frontendsOf(row).values()].map(({ key, internal, external, flags }) => {
		const backends = row.endpoints.flatMap((endpoint) => {
			const isIn = (policy: TrafficPolicy) => (policy === "Local" ? endpoint.forLocal : endpoint.forCluster);
			if (!isIn(internal) && !isIn(external)) return [];
			const { address, port, state } = endpoint;
			const cell = cellOf(row, endpoint);
			return {
				number: undefined,
				address,
				port,
				state: cells.active.has(cell) ? ("active" as const) : state,
				local: cells.local.has(cell),
				internal: isIn(internal),
				external: isIn(external),
			};
		});
		return {
			address: key.address,
			port: key.port,
			protocol: row.protocol,
			namespace: row.namespace,
			name: row.name,
			portName: row.port,
			affinityTimeoutS: row.affinityTimeoutS,
			externalPolicy: external,
			...describeRanges(flags, row.sourceRanges),
			backends: backends.sort(byAddress),
		};
	});
}

function cellOf({ protocol }: ServicePortRow, { address, port }: Endpoint): string {
	return `${address} ${port} ${protocol}`;
}
