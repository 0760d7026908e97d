import { type MapHandle, u32 } from "bpf-loader";
import { type Entries, keyedMap } from "./keyed-map.ts";
import { checkMap } from "./map-errors.ts";
import type { MapTable } from "./table.ts";

/**
 * An array (`BPF_MAP_TYPE_ARRAY`), by index. Every index always exists: `create` never writes, deleting writes zeros,
 * and an index past the end is `MAP_FULL`. Throws BpfError `MAP_TYPE`, LayoutError `MAP_LAYOUT`.
 */
export function openArray<V>(map: MapHandle, entries: Omit<Entries<number, V>, "key">): MapTable<number, V> {
	const indexed = { ...entries, key: u32 };
	checkMap(map, { types: ["array"], ...indexed });
	return keyedMap(map, { ...indexed, cursor: "key", dense: true });
}
