import { byAddress, describeRanges, type FrontendView, sortViews } from "../dataplane/service-view.ts";
import { frontendsOf } from "./frontends.ts";
import type { Endpoint, ServicePortRow, TrafficPolicy } from "./row.ts";

/** Rows as the kernel should show them, to be compared with `describeTables`. Give all rows: they share backends. */
export function describeRows(rows: Iterable<ServicePortRow>): FrontendView[] {
	const all = [...rows];
	// A backend is one cell, active where any row calls it so.
	const active = new Set<string>();
	for (const row of all) {
		for (const endpoint of row.endpoints) if (endpoint.state === "active") active.add(cellOf(row, endpoint));
	}
	return sortViews(all.flatMap((row) => describeRow(row, active)));
}

function describeRow(row: ServicePortRow, active: ReadonlySet<string>): FrontendView[] {
	return [...frontendsOf(row).values()].map(({ key, internal, external, flags }) => {
		const backends = row.endpoints.flatMap((endpoint) => {
			const isIn = (policy: TrafficPolicy) => (policy === "Local" ? endpoint.forLocal : endpoint.forCluster);
			if (!isIn(internal) && !isIn(external)) return [];
			const { address, port, local, state } = endpoint;
			return {
				number: undefined,
				address,
				port,
				state: active.has(cellOf(row, endpoint)) ? ("active" as const) : state,
				local,
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
