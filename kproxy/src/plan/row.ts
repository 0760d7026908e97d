/**
 * One port of one Service in one IP family: what the plan turns into frontends, slots and backends.
 * Key: `namespace/name:port/IPv4`.
 */
export interface ServicePortRow {
	namespace: string;
	name: string;
	/** Name of the service port; empty where it has none. */
	port: string;
	protocol: "TCP" | "UDP";
	family: "IPv4" | "IPv6";
	frontends: readonly RowFrontend[];
	/** Those that take new connections, merged from all slices, each address and port once, sorted. */
	endpoints: readonly Endpoint[];
	affinityTimeoutS: number;
}

/** Where clients dial; the protocol is the row's. */
export interface RowFrontend {
	address: string;
	port: number;
	scope: "internal" | "external";
}

/** One endpoint of a row; `terminating` ones serve only where no active one is left. */
export interface Endpoint {
	address: string;
	port: number;
	state: "active" | "terminating";
}

/** What changed: the row as it is now, or undefined where it went. */
export type RowChanges = ReadonlyMap<string, ServicePortRow | undefined>;

/** Key of a row, as in `shop/web:http/IPv4`. */
export function rowId(row: Pick<ServicePortRow, "namespace" | "name" | "port" | "family">): string {
	return `${row.namespace}/${row.name}:${row.port}/${row.family}`;
}
