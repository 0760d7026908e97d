import type { MapHandle } from "bpf-loader";
import { type Entries, keyedMap } from "./keyed-map.ts";
import { checkMap } from "./map-errors.ts";
import type { MapTable } from "./table.ts";

/**
 * A hash map that makes room by dropping what was used least recently (`BPF_MAP_TYPE_LRU_HASH`): it is never full, and
 * an entry may be gone at any time, some before the limit is reached. Reading from here does not count as use.
 * Throws BpfError `MAP_TYPE`, LayoutError `MAP_LAYOUT`.
 */
export function openLruHash<K, V>(map: MapHandle, entries: Entries<K, V>): MapTable<K, V> {
	checkMap(map, { types: ["lru_hash"], ...entries });
	return keyedMap(map, { ...entries, cursor: "bucket" });
}
