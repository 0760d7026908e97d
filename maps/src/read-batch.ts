import { Errno, MapError, type ReadBatch } from "bpf-loader";
import { type ByteIndex, byteIndex } from "./byte-index.ts";
import { isBusy, isUnsupported, mapFailure } from "./map-errors.ts";
import { BUSY_TRIES, batchDone, isMissing, lookupElement, nextKey, type RawMap } from "./raw-map.ts";
import type { Chunk } from "./table.ts";

const CHUNK_BYTES = 1 << 20;
const CHUNK_ENTRIES = 8192;

/** Entries that go into one batch: what fits in 1 MiB, at most 8192, never more than the map can hold. */
export function chunkEntries({ keyBytes, valueBytes, handle }: RawMap): number {
	const fitting = Math.min(CHUNK_ENTRIES, Math.floor(CHUNK_BYTES / (keyBytes + valueBytes)));
	return Math.max(1, Math.min(fitting, handle.maxEntries));
}

/**
 * Every entry of the map, a chunk at a time, in buffers that each iteration owns and reuses. An entry that is there
 * throughout comes exactly once, whatever else changes. With `repeats`, entries may come again (fit for deleting them).
 * Throws `MAP_CHANGING` where entries change so fast that no end comes.
 */
export function* readChunks(raw: RawMap, { repeats = false } = {}): Generator<Chunk> {
	let seen: ByteIndex | undefined;
	let read = 0;
	for (const chunk of raw.missing.has("read") ? readByKey(raw) : readByBatch(raw)) {
		read += chunk.count;
		if (read > readLimit(raw)) throw changing(raw);
		const mayRepeat = raw.cursor === "key" || raw.missing.has("read");
		if (repeats || raw.dense || !mayRepeat) {
			yield chunk;
			continue;
		}
		seen ??= byteIndex(raw.keyBytes);
		const fresh = dropSeen(raw, chunk, seen);
		if (fresh.count > 0) yield fresh;
	}
}

/** Entries in the map now, by reading them all. */
export function countEntries(raw: RawMap): number {
	let count = 0;
	for (const chunk of readChunks(raw)) count += chunk.count;
	return count;
}

// A cursor that is deleted sends the kernel back to the beginning, so in theory for ever.
const readLimit = ({ handle }: RawMap): number => 8 * handle.maxEntries + 1024;

function changing({ handle }: RawMap): MapError {
	return new MapError(`entries of ${handle.name} change faster than they can be read; read again`, {
		code: "MAP_CHANGING",
		operation: "read",
		object: handle.name,
		map: handle.name,
	});
}

/** Moves the entries that have not been seen to the front. */
function dropSeen({ keyBytes, valueBytes }: RawMap, { count, keys, values }: Chunk, seen: ByteIndex): Chunk {
	let kept = 0;
	for (let index = 0; index < count; index++) {
		const before = seen.size;
		seen.add(keys, index * keyBytes);
		if (seen.size === before) continue;
		if (kept !== index) {
			keys.copyWithin(kept * keyBytes, index * keyBytes, (index + 1) * keyBytes);
			values.copyWithin(kept * valueBytes, index * valueBytes, (index + 1) * valueBytes);
		}
		kept++;
	}
	return { count: kept, keys, values };
}

function* readByBatch(raw: RawMap): Generator<Chunk> {
	let batch = newBatch(raw, chunkEntries(raw));
	let tries = 0;
	for (;;) {
		const offered = batch.keys.length / raw.keyBytes;
		batch.count[0] = offered;
		const errno = -raw.calls.lookupBatch(raw.handle.fd, batch);
		const outcome = outcomeOf(raw, batch, errno);
		if (outcome === "unsupported") {
			raw.missing.add("read");
			return yield* readByKey(raw);
		}
		const count = outcome === "grow" ? 0 : batchCount({ errno, offered }, batch.count);
		if (count > 0) yield { count, keys: batch.keys, values: batch.values };
		if (outcome === "end") return;
		if (outcome === "grow") batch = { ...newBatch(raw, offered * 2), from: batch.from };
		if (outcome === "more" || count > 0) batch.from = swapCursor(batch);
		tries = outcome === "again" && count === 0 ? tries + 1 : 0;
		if (tries === BUSY_TRIES) throw mapFailure({ map: raw.handle, operation: "read", errno });
	}
}

type Outcome = "more" | "end" | "again" | "grow" | "unsupported";

function outcomeOf(raw: RawMap, batch: ReadBatch, errno: number): Outcome {
	if (errno === 0) return "more";
	if (isMissing(errno)) return "end";
	// Kernels before 5.6 say EINVAL to the very first batch.
	if (isUnsupported(errno) || (errno === Errno.EINVAL && batch.from === null)) return "unsupported";
	// One bucket holds more than the whole batch: the cursor stays, the batch grows.
	if (errno === Errno.ENOSPC && batch.count[0] === 0 && fitsLimit(raw, batch)) return "grow";
	// Up to 6.14 EINTR says that the entry under the cursor went away three times over.
	if (isBusy(errno) || errno === Errno.EINTR) return "again";
	throw mapFailure({ map: raw.handle, operation: "read", errno });
}

const fitsLimit = (raw: RawMap, batch: ReadBatch): boolean =>
	batch.keys.length / raw.keyBytes < readLimit(raw);

/** Entries that a read filled in: fewer than offered also where all is well, since a bucket is read whole or not at all. */
const batchCount = ({ errno, offered }: { errno: number; offered: number }, count: Uint32Array): number =>
	errno === 0 || isMissing(errno) ? (count[0] as number) : batchDone(errno, count, offered);

function newBatch({ keyBytes, valueBytes }: RawMap, capacity: number): ReadBatch {
	return {
		from: null,
		next: new Uint8Array(Math.max(keyBytes, 4)),
		keys: new Uint8Array(capacity * keyBytes),
		values: new Uint8Array(capacity * valueBytes),
		count: new Uint32Array(1),
	};
}

/** The cursor just given becomes the one to start from; its old buffer takes the next. */
function swapCursor(batch: ReadBatch): Uint8Array {
	const from = batch.next;
	batch.next = batch.from ?? new Uint8Array(from.length);
	return from;
}

/** One key and one look-up at a time: for kernels before 5.6 and for kinds of map without batches. */
function* readByKey(raw: RawMap): Generator<Chunk> {
	const { keyBytes, valueBytes, handle } = raw;
	const capacity = chunkEntries(raw);
	const keys = new Uint8Array(capacity * keyBytes);
	const values = new Uint8Array(capacity * valueBytes);
	let count = 0;
	let from: Uint8Array | null = null;
	let key = new Uint8Array(keyBytes);
	let spare = new Uint8Array(keyBytes);
	for (let steps = 0; ; steps++) {
		if (steps > readLimit(raw)) throw changing(raw);
		const errno = nextKey(raw, from, key);
		if (isMissing(errno)) break;
		if (errno !== 0) throw mapFailure({ map: handle, operation: "read", errno });
		const found = lookupElement(raw, key, values.subarray(count * valueBytes));
		if (found === 0) keys.set(key, count++ * keyBytes);
		else if (!isMissing(found)) throw mapFailure({ map: handle, operation: "read", errno: found });
		[from, key, spare] = [key, spare, key];
		if (count < capacity) continue;
		yield { count, keys, values };
		count = 0;
	}
	if (count > 0) yield { count, keys, values };
}
