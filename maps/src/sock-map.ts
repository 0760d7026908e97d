import { Errno, type MapCalls, MapError, type MapHandle, u32 } from "bpf-loader";
import { type SockTable, sockTable } from "./sock-table.ts";

/** Sockets by index (`BPF_MAP_TYPE_SOCKMAP`); an index may be empty. Throws BpfError `MAP_TYPE`, LayoutError `MAP_LAYOUT`. */
export function openSockMap(map: MapHandle, options: { calls?: MapCalls } = {}): SockTable<number> {
	const table = sockTable(map, { type: "sockmap", key: u32, calls: options.calls });
	return {
		...table,
		delete(index) {
			try {
				return table.delete(index);
			} catch (error) {
				// What a sock hash calls ENOENT is EINVAL here.
				if (error instanceof MapError && error.errno === Errno.EINVAL) return false;
				throw error;
			}
		},
	};
}
