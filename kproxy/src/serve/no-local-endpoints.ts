import type { ServicePortRow } from "../plan/row.ts";

/** Service ports of a family whose traffic policy is Local and that have endpoints, but none on this node. */
export interface NoLocalEndpoints {
	family: "IPv4" | "IPv6";
	policy: "internal" | "external";
	servicePorts: number;
}

/** Counts over all rows, once per scrape; every family and policy is there, as 0 where there is none. */
export function countNoLocalEndpoints(rows: Iterable<ServicePortRow>): NoLocalEndpoints[] {
	const counts = (["IPv4", "IPv6"] as const).flatMap((family) =>
		(["internal", "external"] as const).map((policy) => ({ family, policy, servicePorts: 0 })),
	);
	for (const row of rows) {
		const elsewhereOnly =
			row.endpoints.some(({ forCluster }) => forCluster) && !row.endpoints.some(({ forLocal }) => forLocal);
		for (const count of counts) {
			const isLocal = row.frontends.some((frontend) => frontend[count.policy] === "Local");
			if (elsewhereOnly && isLocal && count.family === row.family) count.servicePorts += 1;
		}
	}
	return counts;
}
