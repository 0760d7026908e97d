import type { Codec } from "bpf-loader";
import { byteIndex, sameBytes } from "./byte-index.ts";
import type { Chunk, Table } from "./table.ts";

/** What to change so that a table holds exactly the desired entries. */
export interface Difference<K, V> {
	/** Entries that are missing or have another value, in the order desired. */
	set: (readonly [K, V])[];
	/** Keys that nobody desires. Array maps: those whose value is not zero. */
	delete: K[];
	/** Entries that are there as desired. */
	unchanged: number;
}

/** How keys and values are encoded; what is compared is their bytes. */
export interface Codecs<K, V> {
	key: Codec<K>;
	value: Codec<V>;
}

/**
 * Compares desired entries with what a table, or anything with entries, holds. The actual side is read once, in chunks,
 * and never held: memory grows with the number of desired entries (their keys' bytes) and with the difference.
 * Of desired entries with the same key, the last one counts. One that cannot be encoded is to be set: `apply` reports it.
 */
export function diff<K, V>(
	desired: Iterable<readonly [K, V]>,
	actual: Table<K, V> | Iterable<readonly [K, V]>,
	codecs: Codecs<K, V>,
): Difference<K, V> {
	const wanted = indexDesired(desired, codecs);
	const { matched } = wanted;
	const dense = "dense" in actual && actual.dense === true;
	const toDelete: K[] = [];
	let unchanged = 0;
	for (const { count, keys, values } of chunksOf(actual, codecs)) {
		for (let at = 0; at < count; at++) {
			const valueOffset = at * codecs.value.size;
			const number = wanted.find(keys, at * codecs.key.size);
			if (number < 0) {
				if (dense && isZero(values, valueOffset, codecs.value.size)) continue;
				toDelete.push(codecs.key.decode(viewOf(keys), at * codecs.key.size));
			} else if (matched[number] === 0 && wanted.hasValue(number, values, valueOffset)) {
				matched[number] = 1;
				unchanged++;
			}
		}
	}
	const set = wanted.entries.filter((_, number) => matched[number] === 0);
	return { set: set.concat(wanted.unencodable), delete: toDelete, unchanged };
}

/** The desired entries by the bytes of their keys. Values are encoded only where there is something to compare them with. */
function indexDesired<K, V>(desired: Iterable<readonly [K, V]>, { key, value }: Codecs<K, V>) {
	const index = byteIndex(key.size);
	const entries: (readonly [K, V])[] = [];
	const unencodable: (readonly [K, V])[] = [];
	const keyBytes = new Uint8Array(key.size);
	const keyView = new DataView(keyBytes.buffer);
	const valueBytes = new Uint8Array(value.size);
	const valueView = new DataView(valueBytes.buffer);
	for (const entry of desired) {
		if (encodes(key, entry[0], keyView)) entries[index.add(keyBytes, 0)] = entry;
		else unencodable.push(entry);
	}
	return {
		entries,
		unencodable,
		matched: new Uint8Array(entries.length),
		find: index.find,
		hasValue(number: number, bytes: Uint8Array, offset: number): boolean {
			const [, desired] = entries[number] as readonly [K, V];
			return encodes(value, desired, valueView) && sameBytes(valueBytes, 0, bytes, offset, value.size);
		},
	};
}

function encodes<T>(codec: Codec<T>, item: T, view: DataView): boolean {
	try {
		codec.encode(item, view, 0);
		return true;
	} catch {
		return false;
	}
}

function chunksOf<K, V>(
	actual: Table<K, V> | Iterable<readonly [K, V]>,
	codecs: Codecs<K, V>,
): Iterable<Chunk> {
	if (Symbol.iterator in actual) return encodeChunks(actual, codecs);
	return actual.chunks?.() ?? encodeChunks(actual.entries(), codecs);
}

/** One entry at a time, for what cannot give bytes. */
function* encodeChunks<K, V>(
	entries: Iterable<readonly [K, V]>,
	{ key, value }: Codecs<K, V>,
): Generator<Chunk> {
	const keys = new Uint8Array(key.size);
	const values = new Uint8Array(value.size);
	for (const [k, v] of entries) {
		key.encode(k, viewOf(keys), 0);
		value.encode(v, viewOf(values), 0);
		yield { count: 1, keys, values };
	}
}

const viewOf = (bytes: Uint8Array): DataView =>
	new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function isZero(bytes: Uint8Array, offset: number, length: number): boolean {
	for (let index = offset; index < offset + length; index++) if (bytes[index] !== 0) return false;
	return true;
}
