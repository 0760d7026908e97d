import { type Codec, kernelMapCalls, type MapCalls, type MapHandle } from "bpf-loader";
import { batchCalls } from "./batch-calls.ts";
import type { RawMap } from "./raw-map.ts";
import { singleCalls } from "./single-calls.ts";
import type { MapTable } from "./table.ts";

/** How to read a map's keys and values, as bpf2ts writes it next to the map's name. */
export interface Entries<K, V> {
	key: Codec<K>;
	value: Codec<V>;
	/** Where the system calls go: the running kernel, or a fake in a test. */
	calls?: MapCalls;
}

interface Kind<K, V> extends Entries<K, V> {
	cursor: RawMap["cursor"];
	dense?: boolean;
	/** Batch calls not to try. */
	missing?: Iterable<"read" | "update" | "delete">;
}

/** What all kinds with keys and values share: typed calls and batches over a map whose sizes have been checked. */
export function keyedMap<K, V>(handle: MapHandle, kind: Kind<K, V>): MapTable<K, V> {
	const { key, value, calls = kernelMapCalls, cursor, dense = false } = kind;
	const missing: RawMap["missing"] = new Set(kind.missing);
	const raw = { handle, calls, keyBytes: key.size, valueBytes: value.size, cursor, dense, missing };
	return {
		name: handle.name,
		maxEntries: handle.maxEntries,
		key,
		value,
		dense,
		...singleCalls(raw, { key, value }),
		...batchCalls(raw, { key, value }),
	};
}
