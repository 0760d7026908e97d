import type { Table } from "bpf-maps";
import {
	type Backend,
	BackendState,
	type Frontend,
	type FrontendKey,
	Protocol,
	type RangeKey,
	type ServiceName,
	type SlotRange,
} from "./generated/sock_lb.ts";
import { withoutHostBits } from "./source-ranges.ts";

/** The five maps that Services live in; kernel maps in the daemon, memory in tests. */
export interface ServiceTables {
	frontends: Table<FrontendKey, Frontend>;
	slots: Table<number, number>;
	backends: Table<number, Backend>;
	names: Table<number, ServiceName>;
	/** Source ranges; the value says nothing. */
	ranges: Table<RangeKey, number>;
}

/** One frontend as a table holds it. */
export interface FrontendEntry {
	key: FrontendKey;
	value: Frontend;
}

/** What the five maps hold, as plain data. Backend 0 and service number 0 stand for nothing. */
export interface Mirror {
	/** By `frontendText`. */
	frontends: Map<string, FrontendEntry>;
	/** Backend number by slot; 0 where the slot is free. As long as the map. */
	slots: Uint32Array;
	/** By number; undefined where the cell is all zeros. As long as the map. */
	backends: (Backend | undefined)[];
	/** By service number. */
	names: Map<number, ServiceName>;
	/** By `rangeText`. */
	ranges: Map<string, RangeKey>;
}

/** What a plan wants in the five maps, for the entries that it touched. */
export interface Desired {
	/** By `frontendText`; undefined: no such frontend. */
	frontends: Map<string, { key: FrontendKey; value: Frontend | undefined }>;
	/** Backend number by slot; 0: nothing. */
	slots: Map<number, number>;
	/** By number; state FREE: nothing. */
	backends: Map<number, Backend>;
	/** By service number; undefined: nothing. */
	names: Map<number, ServiceName | undefined>;
	/** By `rangeText`. */
	ranges: Map<string, { key: RangeKey; wanted: boolean }>;
}

/** Reads all five maps. Cost: once the size of the maps; done at start and by the CLI. */
export function readTables(tables: ServiceTables): Mirror {
	const mirror: Mirror = {
		frontends: new Map(),
		slots: new Uint32Array(tables.slots.maxEntries),
		backends: new Array<Backend | undefined>(tables.backends.maxEntries).fill(undefined),
		names: new Map(),
		ranges: new Map(),
	};
	for (const [raw] of tables.ranges.entries()) {
		const key = withoutHostBits(raw);
		mirror.ranges.set(rangeText(key), key);
	}
	for (const [key, value] of tables.frontends.entries()) {
		mirror.frontends.set(frontendText(key), { key, value });
	}
	for (const [slot, number] of tables.slots.entries()) mirror.slots[slot] = number;
	for (const [number, backend] of tables.backends.entries()) {
		if (backend.state !== BackendState.FREE || backend.reuse !== 0) mirror.backends[number] = backend;
	}
	for (const [number, name] of tables.names.entries()) {
		if (name.name !== "" || name.namespace !== "" || name.port !== "") mirror.names.set(number, name);
	}
	return mirror;
}

/** How a frontend is written for people and as a key, as in `10.96.0.10:53/UDP`, `[fd00::1]:80/TCP`, `10.96.0.10:0/any`. */
export function frontendText(key: FrontendKey): string {
	return `${addressAndPort(key)}/${protocolText(key.protocol)}`;
}

/** How a source range is written as a key, as in `7 10.0.0.0/104`: bits of the mapped address. */
export function rangeText({ service, address, prefixLength }: RangeKey): string {
	return `${service} ${address}/${prefixLength - 32}`;
}

/** The guard of a ClusterIP stands for every port that has no entry of its own. */
export function isGuard({ port, protocol }: FrontendKey): boolean {
	return port === 0 && protocol === Protocol.ANY;
}

/** True where the address stands for every address of a node, as that of a NodePort. */
export function isEveryAddress(address: string): boolean {
	return address === "0.0.0.0" || address === "::";
}

/** `10.244.0.7:8080` or `[fd00::7]:8080`. */
export function addressAndPort({ address, port }: { address: string; port: number }): string {
	return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `TCP`, `UDP`, `SCTP`, `any`, or `protocol 99` where a map holds what nobody should have written. */
export function protocolText(protocol: number): string {
	if (protocol === Protocol.TCP) return "TCP";
	if (protocol === Protocol.UDP) return "UDP";
	if (protocol === Protocol.ANY) return "any";
	return protocol === Protocol.SCTP ? "SCTP" : `protocol ${protocol}`;
}

/** True where two backends are the same cell content; free ones differ only by their reuse counter. */
export function sameBackend(a: Backend | undefined, b: Backend | undefined): boolean {
	const aState = a?.state ?? BackendState.FREE;
	if (aState !== (b?.state ?? BackendState.FREE) || (a?.reuse ?? 0) !== (b?.reuse ?? 0)) return false;
	if (aState === BackendState.FREE) return true;
	return (
		a?.address === b?.address && a?.port === b?.port && a?.protocol === b?.protocol && a?.flags === b?.flags
	);
}

/** True where both are the same run of slots. */
export function sameRange(a: SlotRange | undefined, b: SlotRange | undefined): boolean {
	return a?.first === b?.first && a?.count === b?.count;
}

/** True where two frontends answer alike. */
export function sameFrontend(a: Frontend | undefined, b: Frontend | undefined): boolean {
	if (a === undefined || b === undefined) return a === b;
	return (
		sameRange(a.internal, b.internal) &&
		sameRange(a.external, b.external) &&
		a.service === b.service &&
		a.affinityTimeoutS === b.affinityTimeoutS &&
		a.algorithm === b.algorithm &&
		a.flags === b.flags &&
		a.check === b.check
	);
}

/** True where both are the same name, or both none. */
export function sameName(a: ServiceName | undefined, b: ServiceName | undefined): boolean {
	return a?.namespace === b?.namespace && a?.name === b?.name && a?.port === b?.port;
}
