import { Errno, type MapCalls, type ReadBatch } from "bpf-loader";
import { type ByteIndex, byteIndex } from "./byte-index.ts";

/** Sizes in bytes, limit in entries. */
export interface MemoryShape {
	keySize: number;
	valueSize: number;
	maxEntries: number;
	/** `array`: keys are indexes, all of which exist. */
	kind: "hash" | "array";
}

const CREATE = 1;
const REPLACE = 2;

/** The map calls of one map that lives in this process, answering with the errno that the kernel's hash or array would. */
export function memoryCalls(shape: MemoryShape): MapCalls {
	const cells = memoryCells(shape);

	function update(_fd: number, key: Uint8Array, value: Uint8Array, flags: number): number {
		const found = cells.find(key);
		if (found >= 0 && flags === CREATE) return -Errno.EEXIST;
		if (found < 0 && shape.kind === "array") return -Errno.E2BIG;
		if (found < 0 && flags === REPLACE) return -Errno.ENOENT;
		if (found < 0 && cells.size() >= shape.maxEntries) return -Errno.E2BIG;
		cells.write(found >= 0 ? found : cells.add(key), value);
		return 0;
	}

	function lookup(_fd: number, key: Uint8Array, value: Uint8Array): number {
		const found = cells.find(key);
		if (found < 0) return -Errno.ENOENT;
		value.set(cells.value(found));
		return 0;
	}

	function remove(_fd: number, key: Uint8Array): number {
		if (shape.kind === "array") return -Errno.EINVAL;
		return cells.remove(key) ? 0 : -Errno.ENOENT;
	}

	return {
		lookup,
		update,
		delete: remove,
		nextKey: (_fd, key, next) => cells.after(key === null ? -1 : cells.find(key), next),
		lookupAndDelete: (fd, key, value) => lookup(fd, key, value) || remove(fd, key),
		lookupBatch: (_fd, batch) => cells.read(batch),
		lookupAndDeleteBatch: () => -Errno.ENOTSUPP,
		updateBatch: (fd, keys, values, count) =>
			each(count, (at) => update(fd, part(keys, at, shape.keySize), part(values, at, shape.valueSize), 0)),
		deleteBatch: (fd, keys, count) => each(count, (at) => remove(fd, part(keys, at, shape.keySize))),
	};
}

const part = (bytes: Uint8Array, at: number, size: number): Uint8Array =>
	bytes.subarray(at * size, (at + 1) * size);

/** Calls `one` for each element until one fails; leaves the number done in `count`, as the kernel does. */
function each(count: Uint32Array, one: (at: number) => number): number {
	const offered = count[0] as number;
	for (let at = 0; at < offered; at++) {
		const status = one(at);
		if (status === 0) continue;
		count[0] = at;
		return status;
	}
	return 0;
}

/** The cells by number. A hash numbers them by a ByteIndex, an array by the key itself. */
function memoryCells({ keySize, valueSize, maxEntries, kind }: MemoryShape) {
	const index: ByteIndex | undefined = kind === "hash" ? byteIndex(keySize) : undefined;
	let values = new Uint8Array((kind === "array" ? maxEntries : 16) * valueSize);

	const numbers = () => index?.numbers ?? maxEntries;
	const holds = (cell: number) => index?.holds(cell) ?? cell < maxEntries;

	function find(key: Uint8Array): number {
		if (index !== undefined) return index.find(key, 0);
		const cell = readIndex(key);
		return cell < maxEntries ? cell : -1;
	}

	function add(key: Uint8Array): number {
		const cell = index?.add(key, 0) ?? -1;
		if ((cell + 1) * valueSize > values.length) {
			const larger = new Uint8Array(values.length * 2);
			larger.set(values);
			values = larger;
		}
		return cell;
	}

	function writeKey(cell: number, into: Uint8Array): void {
		if (index === undefined) writeIndex(into, cell);
		else into.set(part(index.bytes(), cell, keySize));
	}

	function nextLive(after: number): number {
		for (let cell = after + 1; cell < numbers(); cell++) if (holds(cell)) return cell;
		return -1;
	}

	function after(cell: number, next: Uint8Array): number {
		const following = nextLive(cell);
		if (following < 0) return -Errno.ENOENT;
		writeKey(following, next);
		return 0;
	}

	/** The cursor is the number of the last cell read, in 4 bytes. */
	function read({ from, next, keys, values: into, count }: ReadBatch): number {
		const wanted = count[0] as number;
		let cell = nextLive(from === null ? -1 : readIndex(from));
		let done = 0;
		for (; cell >= 0 && done < wanted; cell = nextLive(cell)) {
			writeKey(cell, keys.subarray(done * keySize));
			into.set(part(values, cell, valueSize), done * valueSize);
			writeIndex(next, cell);
			done++;
		}
		count[0] = done;
		return cell < 0 ? -Errno.ENOENT : 0;
	}

	return {
		size: () => index?.size ?? maxEntries,
		find,
		add,
		remove: (key: Uint8Array) => (index?.remove(key, 0) ?? -1) >= 0,
		value: (cell: number) => part(values, cell, valueSize),
		write: (cell: number, value: Uint8Array) => values.set(value.subarray(0, valueSize), cell * valueSize),
		after,
		read,
	};
}

const readIndex = (bytes: Uint8Array): number =>
	new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
const writeIndex = (bytes: Uint8Array, index: number): void =>
	new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, index, true);
