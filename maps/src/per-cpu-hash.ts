import type { MapHandle } from "bpf-loader";
import { type Entries, keyedMap } from "./keyed-map.ts";
import { checkMap } from "./map-errors.ts";
import { perCpuCodec } from "./per-cpu.ts";
import type { MapTable } from "./table.ts";

/**
 * A hash map with one value for each CPU (`BPF_MAP_TYPE_PERCPU_HASH`): a value here is the array of all CPUs' values,
 * in the order of CPU numbers. Throws BpfError `MAP_TYPE`, LayoutError `MAP_LAYOUT`.
 */
export function openPerCpuHash<K, V>(map: MapHandle, entries: Entries<K, V>): MapTable<K, V[]> {
	return openPerCpu(map, "percpu_hash", entries);
}

/** As `openPerCpuHash`, dropping what was used least recently to make room (`BPF_MAP_TYPE_LRU_PERCPU_HASH`). */
export function openLruPerCpuHash<K, V>(map: MapHandle, entries: Entries<K, V>): MapTable<K, V[]> {
	return openPerCpu(map, "lru_percpu_hash", entries);
}

function openPerCpu<K, V>(map: MapHandle, type: string, entries: Entries<K, V>): MapTable<K, V[]> {
	checkMap(map, { types: [type], ...entries });
	return keyedMap(map, { ...entries, value: perCpuCodec(entries.value), cursor: "bucket" });
}
