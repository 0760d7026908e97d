/**
 * One port of one Service in one IP family: what the plan turns into frontends, slots and backends.
 * Key: `namespace/name:port/IPv4`.
 */
export interface ServicePortRow {
	namespace: string;
	name: string;
	/** Name of the service port; empty where it has none. */
	port: string;
	protocol: "TCP" | "UDP" | "SCTP";
	family: "IPv4" | "IPv6";
	frontends: readonly RowFrontend[];
	/** Those that take new flows, and those whose flows go on; from all slices, each address and port once, sorted. */
	endpoints: readonly Endpoint[];
	/** 0: no affinity. */
	affinityTimeoutS: number;
	/** CIDRs of this family that may dial the load-balancer addresses; empty: everybody may. */
	sourceRanges: readonly string[];
	/** This node's own address is in `sourceRanges`, so its processes may dial them. */
	nodeInSourceRanges: boolean;
}

/** Whose endpoints serve: those of the whole cluster, or those on this node. */
export type TrafficPolicy = "Cluster" | "Local";

/** Where clients dial; the protocol is the row's. */
export interface RowFrontend {
	kind: "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalIP";
	/** Of a NodePort: the unspecified one of the row's family, for every address of the node. */
	address: string;
	port: number;
	/** For clients in the cluster. */
	internal: TrafficPolicy;
	/** For clients from outside. */
	external: TrafficPolicy;
}

/** One endpoint of a row. One that no policy uses takes no new flows: it terminates, and its flows go on. */
export interface Endpoint {
	address: string;
	port: number;
	/** `terminating` ones take new flows only where no active one is left. */
	state: "active" | "terminating";
	/** It is on this node. */
	local: boolean;
	/** Takes new flows under the policies Cluster and Local. */
	forCluster: boolean;
	forLocal: boolean;
}

/** What changed: the row as it is now, or undefined where it went. */
export type RowChanges = ReadonlyMap<string, ServicePortRow | undefined>;

/** Key of a row, as in `shop/web:http/IPv4`. */
export function rowId(row: Pick<ServicePortRow, "namespace" | "name" | "port" | "family">): string {
	return `${row.namespace}/${row.name}:${row.port}/${row.family}`;
}
