import { type MapHandle, u32 } from "bpf-loader";
import { type Entries, keyedMap } from "./keyed-map.ts";
import { checkMap } from "./map-errors.ts";
import { perCpuCodec } from "./per-cpu.ts";
import type { MapTable } from "./table.ts";

/**
 * An array with one value for each CPU (`BPF_MAP_TYPE_PERCPU_ARRAY`): a value here is the array of all CPUs' values, in
 * the order of CPU numbers. Otherwise as `openArray`; batches from Linux 5.13.
 */
export function openPerCpuArray<V>(
	map: MapHandle,
	entries: Omit<Entries<number, V>, "key">,
): MapTable<number, V[]> {
	checkMap(map, { types: ["percpu_array"], key: u32, value: entries.value });
	return keyedMap(map, {
		...entries,
		key: u32,
		value: perCpuCodec(entries.value),
		cursor: "key",
		dense: true,
	});
}
