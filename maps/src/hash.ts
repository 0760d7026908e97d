import type { MapHandle } from "bpf-loader";
import { type Entries, keyedMap } from "./keyed-map.ts";
import { checkMap } from "./map-errors.ts";
import type { MapTable } from "./table.ts";

/**
 * A hash map (`BPF_MAP_TYPE_HASH`). An update replaces the value whole: a program sees the old one or the new one.
 * Throws BpfError `MAP_TYPE`, LayoutError `MAP_LAYOUT`.
 */
export function openHash<K, V>(map: MapHandle, entries: Entries<K, V>): MapTable<K, V> {
	checkMap(map, { types: ["hash"], ...entries });
	return keyedMap(map, { ...entries, cursor: "bucket" });
}
