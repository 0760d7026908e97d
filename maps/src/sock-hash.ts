import type { Codec, MapCalls, MapHandle } from "bpf-loader";
import { type SockTable, sockTable } from "./sock-table.ts";

/** Sockets by key (`BPF_MAP_TYPE_SOCKHASH`). Throws BpfError `MAP_TYPE`, LayoutError `MAP_LAYOUT`. */
export function openSockHash<K>(map: MapHandle, options: { key: Codec<K>; calls?: MapCalls }): SockTable<K> {
	return sockTable(map, { type: "sockhash", ...options });
}
