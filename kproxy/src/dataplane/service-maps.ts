import { fileURLToPath } from "node:url";
import type { MapHandle } from "bpf-loader";
import { type MapTable, openArray, openHash, openLpmTrie, openLruHash, openPerCpuArray } from "bpf-maps";
import {
	type Affinity,
	type AffinityKey,
	type Counter,
	type Flow,
	maps,
	type ReplyTarget,
} from "./generated/sock_lb.ts";
import type { ServiceTables } from "./tables.ts";
import { withUsedCells } from "./used-cells.ts";

/** Names of the maps in our objects: each has all of them. */
export type MapName = keyof typeof maps;

/** The compiled programs of the socket hooks, as they lie in the package. */
export const objectPath: string = fileURLToPath(new URL("../../objects/sock_lb.bpf.o", import.meta.url));

/** The compiled programs of devices, as they lie in the package. */
export const packetObjectPath: string = fileURLToPath(new URL("../../objects/tc.bpf.o", import.meta.url));

/**
 * Typed views of the maps that userspace reads or writes; the descriptors stay with whoever opened them. Entries of slots
 * and backends are those in use.
 */
export interface ServiceMaps extends ServiceTables {
	/** By index (reason * 8 + hook) * 2 + direction: one counter for each CPU. */
	counters: MapTable<number, Counter[]>;
	affinity: MapTable<AffinityKey, Affinity>;
	/** Flows of the packet path from the backend's side, which has all of a flow. */
	replies: MapTable<Flow, ReplyTarget>;
}

/** Throws LayoutError where a map's key or value is not what this version of kproxy was built with. */
export function openServiceMaps(handles: Readonly<Record<keyof ServiceMapNames, MapHandle>>): ServiceMaps {
	return {
		frontends: openHash(handles.svc_frontends, maps.svc_frontends),
		slots: withUsedCells(handles.svc_slots, openArray(handles.svc_slots, maps.svc_slots)),
		backends: withUsedCells(handles.svc_backends, openArray(handles.svc_backends, maps.svc_backends)),
		names: openHash(handles.svc_names, maps.svc_names),
		ranges: openLpmTrie(handles.svc_ranges, maps.svc_ranges),
		counters: openPerCpuArray(handles.counters, maps.counters),
		affinity: openLruHash(handles.svc_affinity, maps.svc_affinity),
		replies: openLruHash(handles.conntrack_reply, maps.conntrack_reply),
	};
}

/** The maps behind `ServiceMaps`, by their names in the kernel. */
export type ServiceMapNames = Pick<
	typeof maps,
	| "svc_frontends"
	| "svc_slots"
	| "svc_backends"
	| "svc_names"
	| "svc_ranges"
	| "svc_affinity"
	| "conntrack_reply"
	| "counters"
>;
