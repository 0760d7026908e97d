import type { Codec } from "bpf-loader";
import { keyedMap } from "./keyed-map.ts";
import { memoryCalls } from "./memory-calls.ts";
import type { MapTable } from "./table.ts";

/** What a memory table is like: the kernel map that it stands in for. */
export interface MemoryTableOptions<K, V> {
	name: string;
	key: Codec<K>;
	value: Codec<V>;
	/** Limit, in entries. */
	maxEntries: number;
	/** `array`: keys are indexes (4 bytes), all of which exist, and deleting writes zeros. Default `hash`. */
	kind?: "hash" | "array";
}

/**
 * A map in memory, for tests without privileges: the same code as for kernel maps, over calls that answer from this
 * process, and so with the same errors.
 */
export function memoryTable<K, V>(options: MemoryTableOptions<K, V>): MapTable<K, V> {
	const { name, key, value, maxEntries, kind = "hash" } = options;
	const shape = { keySize: key.size, valueSize: value.size, maxEntries };
	return keyedMap(
		{ fd: -1, name, type: kind, ...shape, flags: 0 },
		{ key, value, calls: memoryCalls({ ...shape, kind }), cursor: "bucket", dense: kind === "array" },
	);
}
