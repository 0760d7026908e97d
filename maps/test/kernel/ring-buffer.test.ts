import test, { type ExecutionContext } from "ava";
import { BpfError, type BpfMap, type Codec, type Program, u64 } from "bpf-loader";
import { openPerCpuArray, openRingBuffer, type RingBuffer } from "bpf-maps";
import { loadC, PACKET } from "./compile.ts";

interface Event {
	number: bigint;
	length: number;
	check: number;
}

const EVENT_BYTES = 16;
/** Header and data of one event in the ring. */
const RECORD_BYTES = 8 + EVENT_BYTES;
const RING_BYTES = 4096;

/** `struct event` of maps.bpf.c. */
const eventCodec: Codec<Event> = {
	name: "struct event",
	size: EVENT_BYTES,
	encode() {},
	decode: (view, offset) => ({
		number: view.getBigUint64(offset, true),
		length: view.getUint32(offset + 8, true),
		check: view.getUint32(offset + 12, true),
	}),
};

interface Scene {
	ring: RingBuffer<Event>;
	map: BpfMap;
	/** Lets the program write so many events; every third is discarded. */
	emit(count: number): void;
	emitShort(): void;
	lost(): bigint;
}

async function withRing(t: ExecutionContext, run: (scene: Scene) => void | Promise<void>): Promise<void> {
	using object = loadC("maps.bpf.c");
	const { events, events_lost } = object.maps;
	const { emit, emit_short } = object.programs;
	if (!events || !events_lost || !emit || !emit_short) return t.fail();
	const counter = openPerCpuArray(events_lost, { value: u64 });
	const lost = () => counter.get(0)?.reduce((sum, value) => sum + value) ?? 0n;
	using ring = openRingBuffer(events, { record: eventCodec, lost });
	await run({
		ring,
		map: events,
		emit: (count) => times(emit, count),
		emitShort: () => times(emit_short, 1),
		lost,
	});
}

// One run a call: with a repeat count the kernel stops early when a signal comes.
function times(program: Program, count: number): void {
	for (let run = 0; run < count; run++) program.testRun({ data: PACKET });
}

const kept = (count: number, start = 0) =>
	Array.from({ length: count }, (_, index) => start + index).filter((number) => number % 3 !== 2);

test("a ring buffer gives every event that was submitted, in order, and counts the discarded", async (t) => {
	await withRing(t, ({ ring, emit }) => {
		emit(10);
		const found: Event[] = [];
		t.is(
			ring.drain((event) => found.push(event)),
			7,
		);
		t.deepEqual(
			found.map(({ number }) => Number(number)),
			kept(10),
		);
		t.true(found.every(({ number, check }) => check === (Number(number) ^ 0xabcd)));
		t.deepEqual(ring.counts, { read: 7, discarded: 3, malformed: 0, lost: 0n });
		t.is(
			ring.drain(() => t.fail()),
			0,
		);
	});
});

test("a ring buffer goes on past its end, many times round", async (t) => {
	await withRing(t, ({ ring, emit }) => {
		const found: number[] = [];
		const rounds = 20;
		const each = Math.floor(RING_BYTES / RECORD_BYTES);
		for (let round = 0; round < rounds; round++) {
			emit(each);
			ring.drain(({ number, check }) => {
				t.is(check, Number(number) ^ 0xabcd);
				found.push(Number(number));
			});
		}
		t.deepEqual(found, kept(rounds * each));
		t.is(ring.counts.lost, 0n);
		t.deepEqual(ring.use, { bytes: 0, limit: RING_BYTES });
	});
});

test("a ring buffer that is overrun keeps what fitted; read and lost and discarded add up", async (t) => {
	await withRing(t, ({ ring, emit }) => {
		const written = 1000;
		emit(written);
		t.true(ring.use.bytes > RING_BYTES - RECORD_BYTES);
		const found: number[] = [];
		ring.drain(({ number }) => found.push(Number(number)));
		const { read, discarded, lost } = ring.counts;
		t.true((lost ?? 0n) > 0n);
		t.is(read + discarded + Number(lost), written);
		t.deepEqual(found, kept(Math.floor(RING_BYTES / RECORD_BYTES)));
		emit(3);
		t.is(
			ring.drain(() => {}),
			2,
		);
	});
});

test("a limit leaves the rest for the next time", async (t) => {
	await withRing(t, ({ ring, emit }) => {
		emit(9);
		const found: number[] = [];
		const handle = ({ number }: Event) => found.push(Number(number));
		ring.drain(handle, 4);
		t.deepEqual(found, [0, 1, 3]);
		ring.drain(handle);
		t.deepEqual(found, kept(9));
	});
});

test("a record too short for its codec is counted and passed over", async (t) => {
	await withRing(t, ({ ring, emit, emitShort }) => {
		emitShort();
		emit(1);
		t.is(
			ring.drain(() => {}),
			1,
		);
		t.is(ring.counts.malformed, 1);
	});
});

test("a decoder of one's own gets each record's length", async (t) => {
	await withRing(t, ({ ring, map, emit, emitShort }) => {
		ring.close();
		using lengths = openRingBuffer(map, { record: (_view, _offset, length) => length });
		emitShort();
		emit(1);
		const found: number[] = [];
		lengths.drain((length) => found.push(length));
		t.deepEqual(found, [5, EVENT_BYTES]);
		t.is(lengths.counts.lost, undefined);
	});
});

test("a second reader goes on where the first one stopped", async (t) => {
	await withRing(t, ({ ring, map, emit }) => {
		emit(4);
		ring.drain(() => {}, 2);
		ring.close();
		using next = openRingBuffer(map, { record: eventCodec });
		const found: number[] = [];
		next.drain(({ number }) => found.push(Number(number)));
		t.deepEqual(found, [3]);
	});
});

test("what a handler throws comes out, and its event is not handed on again", async (t) => {
	await withRing(t, ({ ring, emit }) => {
		emit(5);
		const found: number[] = [];
		const handle = ({ number }: Event) => {
			found.push(Number(number));
			if (number === 1n) throw new Error("too much");
		};
		t.throws(() => ring.drain(handle), { message: "too much" });
		ring.drain(handle);
		t.deepEqual(found, [0, 1, 3, 4]);
	});
});

test("a ring may be closed by its own handler, and says CLOSED from then on", async (t) => {
	await withRing(t, ({ ring, emit }) => {
		emit(5);
		t.is(
			ring.drain(() => ring.close()),
			1,
		);
		t.is(t.throws<BpfError>(() => ring.drain(() => {}), { instanceOf: BpfError })?.code, "CLOSED");
		t.throws(() => ring.use, { instanceOf: BpfError });
		t.notThrows(() => ring.close());
	});
});

test("a handler cannot start another pass over the same ring", async (t) => {
	await withRing(t, ({ ring, emit }) => {
		emit(1);
		const error = t.throws<BpfError>(() => ring.drain(() => ring.drain(() => {})), { instanceOf: BpfError });
		t.is(error?.code, "RING_BUSY");
	});
});

test("consume hands on events as they come, until it is aborted", async (t) => {
	await withRing(t, async ({ ring, emit }) => {
		const abort = new AbortController();
		const found: number[] = [];
		const consumed = ring.consume(
			({ number }) => {
				found.push(Number(number));
				// Written while the handler runs: comes in a later turn.
				if (number === 1n) emit(3);
				if (number === 7n) abort.abort();
			},
			{ signal: abort.signal },
		);
		emit(3);
		setImmediate(() => setImmediate(() => emit(6)));
		await consumed;
		t.deepEqual(found, [0, 1, 3, 4, 6, 7]);
		emit(3);
		await new Promise(setImmediate);
		t.is(found.length, 6);
		t.true(ring.drain(() => {}) > 0);
	});
});

test("consume takes turns with the rest of the event loop", async (t) => {
	await withRing(t, async ({ ring, emit }) => {
		const abort = new AbortController();
		emit(90);
		let immediates = 0;
		const tick = () => {
			immediates++;
			if (!abort.signal.aborted) setImmediate(tick);
		};
		tick();
		let read = 0;
		const handle = () => {
			if (++read === 60) abort.abort();
		};
		await ring.consume(handle, { signal: abort.signal, turn: 9 });
		t.true(immediates >= 9);
	});
});

test("consume rejects with what the handler throws, and may be started again", async (t) => {
	await withRing(t, async ({ ring, emit }) => {
		emit(1);
		const fail = () => {
			throw new Error("too much");
		};
		await t.throwsAsync(ring.consume(fail), { message: "too much" });
		emit(1);
		const again = ring.consume(() => ring.close());
		await t.throwsAsync(
			ring.consume(() => {}),
			{ message: /it is being consumed already/ },
		);
		await again;
	});
});

test("closing the ring ends consume", async (t) => {
	await withRing(t, async ({ ring }) => {
		const consumed = ring.consume(() => t.fail());
		ring.close();
		await consumed;
		t.pass();
	});
});

test("an aborted signal ends consume before it begins", async (t) => {
	await withRing(t, async ({ ring, emit }) => {
		emit(1);
		await ring.consume(() => t.fail(), { signal: AbortSignal.abort() });
		t.is(ring.counts.read, 0);
	});
});

test.serial("waiting for events costs no CPU time", async (t) => {
	await withRing(t, async ({ ring }) => {
		const waitMs = 300;
		const before = process.cpuUsage();
		await ring.consume(() => t.fail(), { signal: AbortSignal.timeout(waitMs) });
		const { user, system } = process.cpuUsage(before);
		const usedMs = (user + system) / 1000;
		t.log(`${usedMs.toFixed(1)} ms of CPU in ${waitMs} ms of waiting`);
		t.true(usedMs < waitMs / 3);
	});
});
