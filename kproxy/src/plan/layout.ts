import type { SlotRange } from "../dataplane/generated/sock_lb.ts";
import type { Endpoint, RowFrontend, TrafficPolicy } from "./row.ts";

/**
 * A row's endpoints in the order of its slots: first those for policy Local alone, then those for both, then those for
 * Cluster alone. So each policy has one run of slots, and both lie in one range.
 */
export interface Layout {
	/** One for each slot. */
	endpoints: readonly Endpoint[];
	/** Without a slot: they take no new flows. */
	draining: readonly Endpoint[];
	/** Endpoints for Local, from the first on. */
	localCount: number;
	/** Endpoints before the first for Cluster; from there on all are. */
	clusterOffset: number;
}

/** Lays out the endpoints that some frontend may lead to. */
export function layOut(
	endpoints: readonly Endpoint[],
	frontends: Iterable<Pick<RowFrontend, "internal" | "external">>,
): Layout {
	const used = usedPolicies(frontends);
	const isLocal = (endpoint: Endpoint) => used.Local && endpoint.forLocal;
	const isCluster = (endpoint: Endpoint) => used.Cluster && endpoint.forCluster;
	// By far most rows: one policy, and every endpoint is for it.
	if (used.Cluster && !used.Local && endpoints.every(isCluster)) {
		return { endpoints, draining: [], localCount: 0, clusterOffset: 0 };
	}
	const onlyLocal = endpoints.filter((endpoint) => isLocal(endpoint) && !isCluster(endpoint));
	const both = endpoints.filter((endpoint) => isLocal(endpoint) && isCluster(endpoint));
	const onlyCluster = endpoints.filter((endpoint) => !isLocal(endpoint) && isCluster(endpoint));
	return {
		endpoints: [...onlyLocal, ...both, ...onlyCluster],
		draining: endpoints.filter((endpoint) => !isLocal(endpoint) && !isCluster(endpoint)),
		localCount: onlyLocal.length + both.length,
		clusterOffset: onlyLocal.length,
	};
}

/** The run of slots that clients under a policy are sent to, in a range that begins at `first`. */
export function slotsFor(
	policy: TrafficPolicy,
	{ layout, first }: { layout: Layout; first: number },
): SlotRange {
	const { endpoints, localCount, clusterOffset } = layout;
	const run =
		policy === "Local"
			? { first, count: localCount }
			: { first: first + clusterOffset, count: endpoints.length - clusterOffset };
	return run.count === 0 ? { first: 0, count: 0 } : run;
}

function usedPolicies(
	frontends: Iterable<Pick<RowFrontend, "internal" | "external">>,
): Record<TrafficPolicy, boolean> {
	const used = { Cluster: false, Local: false };
	for (const { internal, external } of frontends) {
		used[internal] = true;
		used[external] = true;
	}
	return used;
}
