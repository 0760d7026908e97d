import { type MapCalls, type MapHandle, u32 } from "bpf-loader";
import { type MapOfMaps, mapOfMaps } from "./map-of-maps.ts";

/** Maps by index (`BPF_MAP_TYPE_ARRAY_OF_MAPS`); an index may be empty. Throws BpfError `MAP_TYPE`, LayoutError `MAP_LAYOUT`. */
export function openArrayOfMaps(map: MapHandle, options: { calls?: MapCalls } = {}): MapOfMaps<number> {
	return mapOfMaps(map, { type: "array_of_maps", key: u32, calls: options.calls });
}
