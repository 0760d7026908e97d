import { BpfError, type MapHandle } from "bpf-loader";
import { apply, type Codecs, diff, type MapTable, openArray, openHash, type Table } from "bpf-maps";
import type { Problem } from "../../problem.ts";
import { type Cluster, type Device, maps, type NodeAddressFlag } from "../generated/tc.ts";

/** The maps that say where the programs run: kernel maps in the daemon, memory in tests. */
export interface NodeMaps {
	/** Addresses of each device by its index; those of the node at 0. */
	devices: MapTable<number, Device>;
	/** Where NodePorts are dialled. */
	nodeAddresses: MapTable<string, NodeAddressFlag>;
	/** One cell. */
	cluster: MapTable<number, Cluster>;
}

/** Throws LayoutError where a map's key or value is not what this version of kproxy was built with. */
export function openNodeMaps(
	handles: Readonly<Record<"devices" | "node_addresses" | "cluster", MapHandle>>,
): NodeMaps {
	return {
		devices: openHash(handles.devices, maps.devices),
		nodeAddresses: openHash(handles.node_addresses, maps.node_addresses),
		cluster: openArray(handles.cluster, maps.cluster),
	};
}

/** Sees to it that a map holds what is wanted and nothing else, by writing what differs. Throws nothing of the map. */
export function writeMap<K, V>(
	table: Table<K, V> & Codecs<K, V>,
	wanted: Iterable<readonly [K, V]>,
): Problem[] {
	const error = firstError(table, wanted);
	if (error === undefined) return [];
	const object = `map ${table.name}`;
	const message = `${object}: ${error.message}; what failed is tried again`;
	return [{ id: `${object} WRITE_FAILED`, object, code: "WRITE_FAILED", message }];
}

function firstError<K, V>(
	table: Table<K, V> & Codecs<K, V>,
	wanted: Iterable<readonly [K, V]>,
): BpfError | undefined {
	try {
		return apply(table, diff(wanted, table, table)).errors[0];
	} catch (error) {
		// Comparing reads the map.
		if (error instanceof BpfError) return error;
		throw error;
	}
}
