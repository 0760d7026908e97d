import type { MapCalls } from "bpf-loader";
import type { MapTable, MemoryTableOptions } from "bpf-maps";
import { keyedMap } from "../src/keyed-map.ts";
import { memoryCalls } from "../src/memory-calls.ts";

/** A hash map of `__u32` to `__u64` over calls of which a test replaces some. `real` are those that work. */
export function fakeHash(
	options: Omit<MemoryTableOptions<number, bigint>, "kind">,
	change: (real: MapCalls) => Partial<MapCalls>,
	cursor: "bucket" | "key" = "bucket",
): MapTable<number, bigint> {
	const { name, key, value, maxEntries } = options;
	const shape = { keySize: key.size, valueSize: value.size, maxEntries };
	const real = memoryCalls({ ...shape, kind: "hash" });
	return keyedMap(
		{ fd: -1, name, type: "hash", ...shape, flags: 0 },
		{ key, value, cursor, calls: { ...real, ...change(real) } },
	);
}
