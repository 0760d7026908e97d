import type { Table } from "bpf-maps";
import {
	type Backend,
	BackendState,
	type Frontend,
	type FrontendKey,
	Protocol,
	Scope,
	type ServiceName,
} from "./generated/sock_lb.ts";

/** The four maps that Services live in; kernel maps in the daemon, memory in tests. */
export interface ServiceTables {
	frontends: Table<FrontendKey, Frontend>;
	slots: Table<number, number>;
	backends: Table<number, Backend>;
	names: Table<number, ServiceName>;
}

/** One frontend as a table holds it. */
export interface FrontendEntry {
	key: FrontendKey;
	value: Frontend;
}

/** What the four maps hold, as plain data. Backend 0 and service number 0 stand for nothing. */
export interface Mirror {
	/** By `frontendText`. */
	frontends: Map<string, FrontendEntry>;
	/** Backend number by slot; 0 where the slot is free. As long as the map. */
	slots: Uint32Array;
	/** By number; undefined where the cell is all zeros. As long as the map. */
	backends: (Backend | undefined)[];
	/** By service number. */
	names: Map<number, ServiceName>;
}

/** What a plan wants in the four maps, for the entries that it touched. */
export interface Desired {
	/** By `frontendText`; undefined: no such frontend. */
	frontends: Map<string, { key: FrontendKey; value: Frontend | undefined }>;
	/** Backend number by slot; 0: nothing. */
	slots: Map<number, number>;
	/** By number; state FREE: nothing. */
	backends: Map<number, Backend>;
	/** By service number; undefined: nothing. */
	names: Map<number, ServiceName | undefined>;
}

/** Reads all four maps. Cost: once the size of the maps; done at start and by the CLI. */
export function readTables(tables: ServiceTables): Mirror {
	const mirror: Mirror = {
		frontends: new Map(),
		slots: new Uint32Array(tables.slots.maxEntries),
		backends: new Array<Backend | undefined>(tables.backends.maxEntries).fill(undefined),
		names: new Map(),
	};
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

/** How a frontend is written for people and as a key, as in `10.96.0.10:53/UDP` or `[fd00::1]:80/TCP/external`. */
export function frontendText(key: FrontendKey): string {
	const scope = key.scope === Scope.EXTERNAL ? "/external" : "";
	return `${addressAndPort(key)}/${protocolText(key.protocol)}${scope}`;
}

/** `10.244.0.7:8080` or `[fd00::7]:8080`. */
export function addressAndPort({ address, port }: { address: string; port: number }): string {
	return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `TCP`, `UDP`, `SCTP`, or `protocol 99` where a map holds what nobody should have written. */
export function protocolText(protocol: number): string {
	if (protocol === Protocol.TCP) return "TCP";
	if (protocol === Protocol.UDP) return "UDP";
	return protocol === Protocol.SCTP ? "SCTP" : `protocol ${protocol}`;
}

/** True where two backends are the same cell content; free ones differ only by their reuse counter. */
export function sameBackend(a: Backend | undefined, b: Backend | undefined): boolean {
	const aState = a?.state ?? BackendState.FREE;
	if (aState !== (b?.state ?? BackendState.FREE) || (a?.reuse ?? 0) !== (b?.reuse ?? 0)) return false;
	if (aState === BackendState.FREE) return true;
	return a?.address === b?.address && a?.port === b?.port && a?.protocol === b?.protocol;
}

/** True where two frontends answer alike. */
export function sameFrontend(a: Frontend | undefined, b: Frontend | undefined): boolean {
	if (a === undefined || b === undefined) return a === b;
	return (
		a.firstSlot === b.firstSlot &&
		a.slotCount === b.slotCount &&
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
