import type { Codec } from "bpf-loader";

/**
 * What diff and apply need of a map. A pinned kernel map is one, and so is `memoryTable` (tests, no privileges).
 * Keys are compared by their encoded bytes.
 */
export interface Table<K, V> {
	readonly name: string;
	/** Limit, in entries. */
	readonly maxEntries: number;
	/** Array maps: every index always exists, and deleting one writes zeros. */
	readonly dense?: boolean;
	get(key: K): V | undefined;
	/** Every entry, read in batches where the kernel can. */
	entries(): Iterable<[K, V]>;
	/** Writes all, in order, in batches. Throws MapError `MAP_FULL` naming use and limit; what was written before stays. */
	setAll(entries: Iterable<readonly [K, V]>): void;
	/** Deletes all that exist; a missing key is no error. Array maps: writes zeros. */
	deleteAll(keys: Iterable<K>): void;
	/** Every entry as bytes, many at a time, where the table can: `diff` then decodes only what differs. */
	chunks?(): Iterable<Chunk>;
}

/** Some entries as they lie in memory, one after the other. Valid until the next chunk is asked for. */
export interface Chunk {
	readonly count: number;
	readonly keys: Uint8Array;
	readonly values: Uint8Array;
}

/** When `set` writes: always, only where the key is missing, only where it exists. */
export type SetMode = "any" | "create" | "replace";

/** A table with everything that one can do to entries: what the kernel's maps and `memoryTable` are. */
export interface MapTable<K, V> extends Table<K, V> {
	readonly key: Codec<K>;
	readonly value: Codec<V>;
	/** Writes one entry; false where the mode forbids it. Throws MapError `MAP_FULL`, `MAP_NO_MEMORY`, `MAP_BUSY`. */
	set(key: K, value: V, mode?: SetMode): boolean;
	/** Deletes one entry; false where there was none. Array maps: writes zeros. */
	delete(key: K): boolean;
	has(key: K): boolean;
	keys(): Iterable<K>;
	/** Entries in use now, by reading all keys; the limit for array maps. */
	count(): number;
	/** Deletes every entry there is when it starts. Array maps: writes zeros. */
	clear(): void;
	chunks(): Iterable<Chunk>;
}
