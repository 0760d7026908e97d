import type { Endpoint } from "../plan/row.ts";

/** How much an endpoint may do: the higher, the more. */
export const Rank = { NONE: 0, TERMINATING: 1, READY: 2 } as const;
export type Rank = (typeof Rank)[keyof typeof Rank];

/** An endpoint that may be chosen. */
export interface Candidate {
	address: string;
	port: number;
	rank: Rank;
	/** It is on this node. */
	local: boolean;
	forZones: readonly string[];
	forNodes: readonly string[];
}

/** Where this node is; empty where that is not known. */
export interface NodePlace {
	name: string;
	zone: string;
}

/** Which policies any frontend of a row has. */
export interface UsedPolicies {
	cluster: boolean;
	local: boolean;
}

/**
 * Who takes new flows under which policy, as kube-proxy 1.36 decides. Policy Cluster: the ready endpoints that the hints
 * allow; where none is ready, those that still serve while terminating, wherever they are (KEP-1669). Policy Local: the
 * same among those on this node, without hints. Endpoints that no policy uses are left out, unless flows may go on there.
 */
export function chooseEndpoints(
	candidates: readonly Candidate[],
	{ node, used }: { node: NodePlace; used: UsedPolicies },
): readonly Endpoint[] {
	const isNear = nearness(candidates, node);
	const clusterRank = bestRank(candidates);
	const localRank = bestRank(candidates.filter(({ local }) => local));
	const endpoints: Endpoint[] = [];
	for (const candidate of candidates) {
		const { address, port, rank, local } = candidate;
		const ready = rank === Rank.READY;
		const forCluster = used.cluster && rank === clusterRank && (!ready || isNear(candidate));
		const forLocal = used.local && local && rank === localRank;
		const flowsGoOn = !ready && (used.cluster || local);
		if (!forCluster && !forLocal && !flowsGoOn) continue;
		endpoints.push({ address, port, state: ready ? "active" : "terminating", local, forCluster, forLocal });
	}
	return endpoints;
}

function bestRank(candidates: readonly Candidate[]): Rank {
	let best: Rank = Rank.NONE;
	for (const { rank } of candidates) if (rank > best) best = rank;
	return best;
}

/**
 * Which ready endpoints the hints allow. Hints for nodes count where every ready endpoint has some and one is for this
 * node; else those for zones, in the same way; else all are allowed.
 */
function nearness(candidates: readonly Candidate[], node: NodePlace): (candidate: Candidate) => boolean {
	const ready = candidates.filter(({ rank }) => rank === Rank.READY);
	const forNode = ({ forNodes }: Candidate): boolean => forNodes.includes(node.name);
	const forZone = ({ forZones }: Candidate): boolean => forZones.includes(node.zone);
	if (ready.every(({ forNodes }) => forNodes.length > 0) && ready.some(forNode)) return forNode;
	if (ready.every(({ forZones }) => forZones.length > 0) && ready.some(forZone)) return forZone;
	return () => true;
}
