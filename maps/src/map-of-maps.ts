import {
	type BpfMap,
	type Codec,
	Errno,
	type MapCalls,
	MapError,
	type MapHandle,
	openMapById,
	u32,
} from "bpf-loader";
import { keyedMap } from "./keyed-map.ts";
import { checkMap } from "./map-errors.ts";

/** A map whose values are maps. Written by descriptor, read by number: that is how the kernel has it. */
export interface MapOfMaps<K> {
	readonly name: string;
	/** Limit, in entries. */
	readonly maxEntries: number;
	/** Opens the inner map at this key; undefined where there is none. The caller closes it. */
	open(key: K): BpfMap | undefined;
	/** Number of the inner map at this key, as `bpftool map` shows it. */
	id(key: K): number | undefined;
	/**
	 * Puts a map in place of what was there: programs see the old one or the new one, and once this returns no program
	 * reads the old one any more. Throws MapError `MAP_INCOMPATIBLE`, `MAP_FULL`.
	 */
	set(key: K, inner: MapHandle): void;
	/** False where there was none. */
	delete(key: K): boolean;
	has(key: K): boolean;
	/** Keys in use with the numbers of their maps. */
	entries(): Iterable<[K, number]>;
	keys(): Iterable<K>;
	count(): number;
	clear(): void;
}

interface Outer<K> {
	type: "array_of_maps" | "hash_of_maps";
	key: Codec<K>;
	calls?: MapCalls | undefined;
}

/** What both kinds share. */
export function mapOfMaps<K>(map: MapHandle, { type, key, calls }: Outer<K>): MapOfMaps<K> {
	checkMap(map, { types: [type], key, value: u32 });
	const hash = type === "hash_of_maps";
	const table = keyedMap(map, {
		key,
		value: u32,
		...(calls && { calls }),
		cursor: hash ? "bucket" : "key",
		// Up to 6.14 a batch stops at the first index without a map.
		...(hash ? {} : { missing: ["read"] as const }),
	});
	return {
		name: map.name,
		maxEntries: map.maxEntries,
		id: table.get,
		open(wanted) {
			const id = table.get(wanted);
			return id === undefined ? undefined : openMapById(id);
		},
		set: (wanted, inner) => putInner(map, inner, () => table.set(wanted, inner.fd)),
		delete: table.delete,
		has: table.has,
		entries: table.entries,
		keys: table.keys,
		count: table.count,
		clear: table.clear,
	};
}

function putInner(outer: MapHandle, inner: MapHandle, put: () => void): void {
	try {
		put();
	} catch (cause) {
		if (!(cause instanceof MapError) || cause.errno !== Errno.EINVAL) throw cause;
		throw new MapError(
			`${inner.name} cannot go into ${outer.name}: its type, sizes or flags are not those that ${outer.name} was made with`,
			{
				code: "MAP_INCOMPATIBLE",
				operation: "update",
				object: outer.name,
				map: outer.name,
				errno: Errno.EINVAL,
				hint: "compare the two with bpftool map",
				cause,
			},
		);
	}
}
