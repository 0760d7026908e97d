import type { Endpoint, RowFrontend, ServicePortRow } from "../plan/row.ts";

/** True where both rows, of one row id, mean the same frontends and endpoints. */
export function sameRow(a: ServicePortRow, b: ServicePortRow): boolean {
	return (
		a.protocol === b.protocol &&
		a.affinityTimeoutS === b.affinityTimeoutS &&
		a.nodeInSourceRanges === b.nodeInSourceRanges &&
		sameList(a.sourceRanges, b.sourceRanges, (range, other) => range === other) &&
		sameList(a.frontends, b.frontends, sameFrontend) &&
		sameList(a.endpoints, b.endpoints, sameEndpoint)
	);
}

function sameList<T>(a: readonly T[], b: readonly T[], same: (item: T, other: T) => boolean): boolean {
	return a.length === b.length && a.every((item, index) => same(item, b[index] as T));
}

function sameFrontend(a: RowFrontend, b: RowFrontend): boolean {
	return (
		a.kind === b.kind &&
		a.address === b.address &&
		a.port === b.port &&
		a.internal === b.internal &&
		a.external === b.external
	);
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
	return (
		a.address === b.address &&
		a.port === b.port &&
		a.state === b.state &&
		a.local === b.local &&
		a.forCluster === b.forCluster &&
		a.forLocal === b.forLocal
	);
}
