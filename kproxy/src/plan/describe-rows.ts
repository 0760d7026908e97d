import { byAddress, type FrontendView, sortViews } from "../dataplane/service-view.ts";
import type { Endpoint, ServicePortRow } from "./row.ts";

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
	const backends = row.endpoints.map((endpoint) => {
		const state = active.has(cellOf(row, endpoint)) ? ("active" as const) : endpoint.state;
		return { number: undefined, address: endpoint.address, port: endpoint.port, state };
	});
	backends.sort(byAddress);
	return row.frontends.map(({ address, port, scope }) => ({
		address,
		port,
		protocol: row.protocol,
		scope,
		namespace: row.namespace,
		name: row.name,
		portName: row.port,
		affinityTimeoutS: row.affinityTimeoutS,
		backends,
	}));
}

function cellOf({ protocol }: ServicePortRow, { address, port }: Endpoint): string {
	return `${address} ${port} ${protocol}`;
}
