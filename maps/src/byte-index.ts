/**
 * A set of keys of one size, numbered as they come, in three flat arrays: 1,000,000 keys of 20 bytes take about 32 MB,
 * a Set of strings four times as much.
 */
export interface ByteIndex {
	/** Keys held now. */
	readonly size: number;
	/** Numbers given so far, those of removed keys included. */
	readonly numbers: number;
	/** Number of the key at `offset`, or -1. */
	find(bytes: Uint8Array, offset: number): number;
	/** Number of the key at `offset`, added where it was missing: then `size` has grown. */
	add(bytes: Uint8Array, offset: number): number;
	/** Removes the key at `offset`; its number, which the next new key gets, or -1. */
	remove(bytes: Uint8Array, offset: number): number;
	/** All keys, one after the other by number; a removed key's bytes stay until its number is given again. */
	bytes(): Uint8Array;
	/** Whether this number belongs to a key now. */
	holds(number: number): boolean;
}

const EMPTY = 0;
const FIRST_SLOTS = 16;

/** An empty index of keys of `keySize` bytes. */
export function byteIndex(keySize: number): ByteIndex {
	// slots: open addressing with linear probing; a slot holds a key's number + 1. Never more than half full.
	let slots = new Uint32Array(FIRST_SLOTS);
	let keys = new Uint8Array((FIRST_SLOTS / 2) * keySize);
	let live = new Uint8Array(FIRST_SLOTS / 2);
	const free: number[] = [];
	let numbers = 0;
	let size = 0;

	/** Slot of the key, or of the empty place where it would go. */
	function slotOf(bytes: Uint8Array, offset: number): number {
		const mask = slots.length - 1;
		let slot = hashBytes(bytes, offset, keySize) & mask;
		for (; ; slot = (slot + 1) & mask) {
			const entry = slots[slot] as number;
			if (entry === EMPTY || sameBytes(keys, (entry - 1) * keySize, bytes, offset, keySize)) return slot;
		}
	}

	function grow(): void {
		const capacity = slots.length;
		keys = resized(keys, capacity * keySize);
		live = resized(live, capacity);
		slots = new Uint32Array(capacity * 2);
		for (let number = 0; number < numbers; number++) {
			if (live[number]) slots[slotOf(keys, number * keySize)] = number + 1;
		}
	}

	function add(bytes: Uint8Array, offset: number): number {
		let slot = slotOf(bytes, offset);
		const entry = slots[slot] as number;
		if (entry !== EMPTY) return entry - 1;
		if (free.length === 0 && numbers === slots.length / 2) {
			grow();
			slot = slotOf(bytes, offset);
		}
		const number = free.pop() ?? numbers++;
		keys.set(bytes.subarray(offset, offset + keySize), number * keySize);
		live[number] = 1;
		slots[slot] = number + 1;
		size++;
		return number;
	}

	/** Moves later keys of the same run into the hole, so that a search never stops before its key. */
	function closeHole(emptied: number): void {
		const mask = slots.length - 1;
		let hole = emptied;
		for (let slot = (hole + 1) & mask; slots[slot] !== EMPTY; slot = (slot + 1) & mask) {
			const entry = slots[slot] as number;
			const home = hashBytes(keys, (entry - 1) * keySize, keySize) & mask;
			if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
			slots[hole] = entry;
			hole = slot;
		}
		slots[hole] = EMPTY;
	}

	function remove(bytes: Uint8Array, offset: number): number {
		const slot = slotOf(bytes, offset);
		const number = (slots[slot] as number) - 1;
		if (number < 0) return -1;
		closeHole(slot);
		live[number] = 0;
		free.push(number);
		size--;
		return number;
	}

	return {
		get size() {
			return size;
		},
		get numbers() {
			return numbers;
		},
		find: (bytes, offset) => (slots[slotOf(bytes, offset)] as number) - 1,
		add,
		remove,
		bytes: () => keys,
		holds: (number) => live[number] === 1,
	};
}

function resized(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
	const larger = new Uint8Array(length);
	larger.set(bytes);
	return larger;
}

/** Multiply-and-rotate over the bytes, with a last mix so that the low bits depend on every byte. */
function hashBytes(bytes: Uint8Array, offset: number, length: number): number {
	let hash = length;
	for (let index = offset; index < offset + length; index++) {
		hash = Math.imul(hash ^ (bytes[index] as number), 0x5bd1e995);
		hash = (hash << 13) | (hash >>> 19);
	}
	hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
	return (hash ^ (hash >>> 13)) >>> 0;
}

/** Whether two pieces of memory hold the same bytes. */
export function sameBytes(
	a: Uint8Array,
	aOffset: number,
	b: Uint8Array,
	bOffset: number,
	length: number,
): boolean {
	for (let index = 0; index < length; index++) {
		if (a[aOffset + index] !== b[bOffset + index]) return false;
	}
	return true;
}
