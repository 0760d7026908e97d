import { type MapHandle, type MappedMemory, mapMemory, pageSize } from "bpf-loader";

/** Is told of each record in turn. */
export interface RecordVisitor {
	/** A record of `length` bytes lies at `offset`. */
	record(view: DataView, offset: number, length: number): void;
	/** A record was reserved by the program and then given up. */
	discarded(): void;
}

const HEADER_BYTES = 8;
/** A header is the record's length and two flags: busy, which as the top bit makes it negative, and discarded. */
const BUSY_BELOW = 0;
const DISCARDED = 1 << 30;
const LENGTH_MASK = DISCARDED - 1;

/** The memory of a ring buffer, as the kernel lays it out. */
export interface RingArea {
	/** Its first 8 bytes: how far we have read. */
	consumer: MappedMemory;
	/** First 8 bytes: how far the kernel has written. Data begins after `dataOffset` bytes, twice in a row. */
	producer: MappedMemory;
	dataOffset: number;
	/** Bytes of data. */
	size: number;
}

/** Maps a ring buffer's memory. Throws BpfError. */
export function mapRing(map: MapHandle): RingMemory {
	const page = pageSize();
	const size = map.maxEntries;
	const consumer = mapMemory(map, { offset: 0, length: page, writable: true });
	try {
		const producer = mapMemory(map, { offset: page, length: page + 2 * size, writable: false });
		return new RingMemory({ consumer, producer, dataOffset: page, size });
	} catch (error) {
		consumer.close();
		throw error;
	}
}

/**
 * Reads a ring's records where they lie. Data is there twice in a row, so a record past the end goes on without a break.
 *
 * Order between the kernel's writes and our reads comes from Atomics: V8 makes them real atomic instructions for any
 * buffer, at least the acquire and release that the kernel's side pairs with (plain moves on x86, ldar and stlr on arm64).
 */
export class RingMemory {
	readonly #area: RingArea;
	readonly #consumed: BigInt64Array;
	readonly #produced: BigInt64Array;
	readonly #headers: Int32Array;
	readonly #data: DataView;
	/** Bytes of data. */
	readonly size: number;
	/** Bytes ever read, as far as this side has come. */
	#position: bigint;
	#passing = false;
	#stopped = false;
	#closed = false;

	/** Takes over the memory; made by `mapRing`. */
	constructor(area: RingArea) {
		this.#area = area;
		this.size = area.size;
		this.#consumed = new BigInt64Array(area.consumer.buffer, 0, 1);
		this.#produced = new BigInt64Array(area.producer.buffer, 0, 1);
		this.#headers = new Int32Array(area.producer.buffer, area.dataOffset);
		this.#data = new DataView(area.producer.buffer, area.dataOffset);
		this.#position = Atomics.load(this.#consumed, 0);
	}

	/** Bytes written and not yet read. */
	get used(): number {
		return Number(BigInt.asUintN(64, Atomics.load(this.#produced, 0) - this.#position));
	}

	/** True while a visitor runs: no second pass may start. */
	get passing(): boolean {
		return this.#passing;
	}

	/**
	 * Visits what is there now, at most `limit` records, up to one that its program is still writing. What a visitor throws
	 * ends the pass; its record counts as read.
	 */
	pass(visitor: RecordVisitor, limit: number): void {
		const available = this.used;
		const start = Number(BigInt.asUintN(64, this.#position) % BigInt(this.size));
		let done = 0;
		let told = 0;
		this.#passing = true;
		this.#stopped = false;
		try {
			for (let visited = 0; visited < limit && done < available && !this.#stopped; visited++) {
				const at = (start + done) % this.size;
				const header = Atomics.load(this.#headers, at / 4);
				if (header < BUSY_BELOW) break;
				const length = header & LENGTH_MASK;
				done += roundUp(HEADER_BYTES + length);
				if ((header & DISCARDED) !== 0) visitor.discarded();
				else visitor.record(this.#data, at + HEADER_BYTES, length);
				// Room is given back in steps: each costs a write that the kernel's side has to fetch.
				if (done - told >= this.size / 16) told = this.#release(done, told);
			}
		} finally {
			this.#release(done, told);
			this.#passing = false;
			if (this.#closed) this.close();
		}
	}

	/** Ends a pass after the record that is being visited. */
	stop(): void {
		this.#stopped = true;
	}

	#release(done: number, told: number): number {
		this.#position += BigInt(done - told);
		Atomics.store(this.#consumed, 0, this.#position);
		return done;
	}

	/** Unmaps; where a visitor asks for it, as soon as its pass is over. */
	close(): void {
		this.#closed = true;
		this.stop();
		if (this.#passing) return;
		this.#area.consumer.close();
		this.#area.producer.close();
	}
}

const roundUp = (bytes: number): number => Math.ceil(bytes / 8) * 8;
