import test from "ava";
import { RingMemory } from "../src/ring-memory.ts";

const SIZE = 64;
const HEADER = 8;
const BUSY = 1 << 31;
const DISCARDED = 1 << 30;

/** A ring in ordinary memory, which a test writes as the kernel would. */
function fakeRing(startPosition = 0n) {
	const consumer = new ArrayBuffer(8);
	const producer = new ArrayBuffer(8 + 2 * SIZE);
	const consumed = new BigInt64Array(consumer);
	const produced = new BigInt64Array(producer, 0, 1);
	const data = new DataView(producer, 8);
	consumed[0] = produced[0] = startPosition;
	let closed = 0;
	const close = () => closed++;
	const area = {
		consumer: { buffer: consumer, close },
		producer: { buffer: producer, close },
		dataOffset: 8,
		size: SIZE,
	};
	const memory = new RingMemory(area);
	const found: (number | "discarded")[] = [];
	return {
		memory,
		found,
		consumed: () => BigInt.asUintN(64, consumed[0] ?? 0n),
		closed: () => closed,
		/** Reserves a record of 8 bytes that holds a number; returns where its header is. */
		reserve(number: number): number {
			const at = Number(BigInt.asUintN(64, produced[0] ?? 0n) % BigInt(SIZE));
			data.setInt32(at, 8 | BUSY, true);
			data.setInt32(at + HEADER, number, true);
			produced[0] = (produced[0] ?? 0n) + 16n;
			return at;
		},
		submit: (at: number) => data.setInt32(at, 8, true),
		discard: (at: number) => data.setInt32(at, 8 | DISCARDED, true),
		read(limit = Number.POSITIVE_INFINITY) {
			const record = (view: DataView, offset: number) => found.push(view.getInt32(offset, true));
			memory.pass({ record, discarded: () => found.push("discarded") }, limit);
			return found.splice(0);
		},
	};
}

test("reading stops at a record that is still being written, and goes on once it is there", (t) => {
	const ring = fakeRing();
	ring.submit(ring.reserve(1));
	const busy = ring.reserve(2);
	ring.submit(ring.reserve(3));
	t.deepEqual(ring.read(), [1]);
	t.deepEqual(ring.read(), []);
	t.is(ring.memory.used, 32);
	ring.submit(busy);
	t.deepEqual(ring.read(), [2, 3]);
	t.is(ring.memory.used, 0);
});

test("a discarded record is told of, and room is given back for it", (t) => {
	const ring = fakeRing();
	ring.discard(ring.reserve(1));
	ring.submit(ring.reserve(2));
	t.deepEqual(ring.read(), ["discarded", 2]);
	t.is(ring.consumed(), 32n);
});

test("positions go past 2 to the 53rd and wrap after 2 to the 64th", (t) => {
	for (const start of [(1n << 53n) - 16n, (1n << 63n) - 16n, (1n << 64n) - 16n]) {
		const ring = fakeRing(BigInt.asIntN(64, start));
		for (const number of [1, 2, 3]) ring.submit(ring.reserve(number));
		t.deepEqual(ring.read(), [1, 2, 3]);
		t.is(ring.consumed(), BigInt.asUintN(64, start + 48n));
	}
});

test("room is given back while a long pass goes on, not only at its end", (t) => {
	const ring = fakeRing();
	for (const number of [1, 2, 3, 4]) ring.submit(ring.reserve(number));
	const seen: bigint[] = [];
	ring.memory.pass({ record: () => seen.push(ring.consumed()), discarded() {} }, 4);
	t.deepEqual(seen, [0n, 16n, 32n, 48n]);
});

test("memory is let go of only when the pass over it has ended", (t) => {
	const ring = fakeRing();
	ring.submit(ring.reserve(1));
	ring.submit(ring.reserve(2));
	let visited = 0;
	const record = () => {
		visited++;
		ring.memory.close();
		t.is(ring.closed(), 0);
	};
	ring.memory.pass({ record, discarded() {} }, 10);
	t.is(visited, 1);
	t.is(ring.closed(), 2);
});
