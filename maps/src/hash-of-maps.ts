import type { Codec, MapCalls, MapHandle } from "bpf-loader";
import { type MapOfMaps, mapOfMaps } from "./map-of-maps.ts";

/** Maps by key (`BPF_MAP_TYPE_HASH_OF_MAPS`). Throws BpfError `MAP_TYPE`, LayoutError `MAP_LAYOUT`. */
export function openHashOfMaps<K>(
	map: MapHandle,
	options: { key: Codec<K>; calls?: MapCalls },
): MapOfMaps<K> {
	return mapOfMaps(map, { type: "hash_of_maps", ...options });
}
