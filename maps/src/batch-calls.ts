import { type Codec, Errno } from "bpf-loader";
import { badEntry, mapFailure } from "./map-errors.ts";
import type { Progress, RawMap } from "./raw-map.ts";
import { chunkEntries, countEntries, readChunks } from "./read-batch.ts";
import { describeKey, usedOf } from "./single-calls.ts";
import type { MapTable } from "./table.ts";
import { deleteBatch, writeBatch } from "./write-batch.ts";

type BatchCalls = "setAll" | "deleteAll" | "clear" | "count" | "chunks" | "entries" | "keys";

/** The calls on many entries: chunks of at most 1 MiB, in buffers that are reused. */
export function batchCalls<K, V>(
	raw: RawMap,
	{ key, value }: { key: Codec<K>; value: Codec<V> },
): Pick<MapTable<K, V>, BatchCalls> {
	const buffers = lendBuffers(raw);

	return {
		setAll: (entries) =>
			inChunks(raw, buffers, {
				operation: "update",
				items: entries,
				encode([k, v], at, { keys, values }) {
					key.encode(k, keys.view, at * key.size);
					value.encode(v, values.view, at * value.size);
				},
				flush: ({ keys, values }, count) =>
					writeBatch(raw, { keys: keys.bytes, values: values.bytes }, count),
				keyAt: (at, { keys }) => key.decode(keys.view, at * key.size),
			}),
		deleteAll: (keys) =>
			inChunks(raw, buffers, {
				operation: "delete",
				items: keys,
				encode: (k, at, lent) => key.encode(k, lent.keys.view, at * key.size),
				flush: (lent, count) => eraseBatch(raw, { keys: lent.keys.bytes, values: lent.values.bytes }, count),
				keyAt: (at, lent) => key.decode(lent.keys.view, at * key.size),
			}),
		clear: () => clearMap(raw),
		count: () => (raw.dense ? raw.handle.maxEntries : countEntries(raw)),
		chunks: () => ({ [Symbol.iterator]: () => readChunks(raw) }),
		entries: () => ({ [Symbol.iterator]: () => readEntries(raw, key, value) }),
		keys: () => ({ [Symbol.iterator]: () => readKeys(raw, key) }),
	};
}

interface Buffers {
	keys: { bytes: Uint8Array; view: DataView };
	values: { bytes: Uint8Array; view: DataView };
}

interface Lender {
	lend(): Buffers;
	giveBack(buffers: Buffers): void;
}

/** One set of buffers, made on first use; a second one for a batch that is written while another is being gathered. */
function lendBuffers(raw: RawMap): Lender {
	let spare: Buffers | undefined;
	const buffer = (length: number) => {
		const bytes = new Uint8Array(length);
		return { bytes, view: new DataView(bytes.buffer) };
	};
	return {
		lend() {
			const lent = spare;
			spare = undefined;
			const capacity = chunkEntries(raw);
			return lent ?? { keys: buffer(capacity * raw.keyBytes), values: buffer(capacity * raw.valueBytes) };
		},
		giveBack(buffers) {
			spare = buffers;
		},
	};
}

interface ChunkWork<T> {
	operation: "update" | "delete";
	items: Iterable<T>;
	encode(item: T, at: number, buffers: Buffers): void;
	flush(buffers: Buffers, count: number): Progress;
	keyAt(at: number, buffers: Buffers): unknown;
}

function inChunks<T>(raw: RawMap, lender: Lender, work: ChunkWork<T>): void {
	const map = raw.handle;
	const capacity = chunkEntries(raw);
	const buffers = lender.lend();
	let written = 0;
	let gathered = 0;

	function flush(): void {
		const { done, errno } = work.flush(buffers, gathered);
		written += done;
		gathered = 0;
		if (errno === 0) return;
		const key = describeKey(work.keyAt(done, buffers));
		throw mapFailure({ map, operation: work.operation, errno, written, key, ...usedOf(raw) });
	}

	try {
		for (const item of work.items) {
			const problem = encodingProblem(() => work.encode(item, gathered, buffers));
			if (problem !== undefined) {
				flush();
				throw badEntry(map, problem, written);
			}
			gathered++;
			if (gathered === capacity) flush();
		}
		if (gathered > 0) flush();
	} finally {
		lender.giveBack(buffers);
	}
}

function encodingProblem(encode: () => void): unknown {
	try {
		encode();
		return undefined;
	} catch (cause) {
		return cause ?? new RangeError("an entry cannot be encoded");
	}
}

/** Deletes the first `count` keys, or writes zeros to them in an array, for which `values` has room. */
function eraseBatch(
	raw: RawMap,
	elements: { keys: Uint8Array; values: Uint8Array },
	count: number,
): Progress {
	if (!raw.dense) return deleteBatch(raw, elements.keys, count);
	elements.values.fill(0);
	let done = 0;
	while (done < count) {
		const keys = elements.keys.subarray(done * raw.keyBytes);
		const progress = writeBatch(raw, { keys, values: elements.values }, count - done);
		done += progress.done;
		if (progress.errno === 0) break;
		if (progress.errno !== Errno.E2BIG) return { done, errno: progress.errno };
		// There is no such index, so nothing to delete.
		done++;
	}
	return { done: count, errno: 0 };
}

function clearMap(raw: RawMap): void {
	for (const { count, keys, values } of readChunks(raw, { repeats: true })) {
		const { errno } = eraseBatch(raw, { keys, values }, count);
		if (errno !== 0) throw mapFailure({ map: raw.handle, operation: "delete", errno });
	}
}

function* readEntries<K, V>(raw: RawMap, key: Codec<K>, value: Codec<V>): Generator<[K, V]> {
	for (const { count, keys, values } of readChunks(raw)) {
		const keyView = viewOf(keys);
		const valueView = viewOf(values);
		for (let index = 0; index < count; index++) {
			yield [key.decode(keyView, index * key.size), value.decode(valueView, index * value.size)];
		}
	}
}

function* readKeys<K>(raw: RawMap, key: Codec<K>): Generator<K> {
	for (const { count, keys } of readChunks(raw)) {
		const view = viewOf(keys);
		for (let index = 0; index < count; index++) yield key.decode(view, index * key.size);
	}
}

const viewOf = (bytes: Uint8Array): DataView =>
	new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
