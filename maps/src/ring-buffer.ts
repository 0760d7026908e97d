import { BpfError, type Codec, type MapHandle, watchReadable } from "bpf-loader";
import { mapRing, type RingMemory } from "./ring-memory.ts";

/** Reads one record of `length` bytes at `offset`; nothing of the view may be kept. */
export type RecordDecoder<T> = (view: DataView, offset: number, length: number) => T;

/** How to read a ring buffer. */
export interface RingBufferOptions<T> {
	/** What a record is; a record longer than its codec is fine, a shorter one is counted as malformed and passed over. */
	record: Codec<T> | RecordDecoder<T>;
	/** Reads the program's own counter of records that found no room: the ring itself keeps no such count. */
	lost?: () => bigint;
}

/** Counts since the ring was opened. */
export interface RingBufferCounts {
	/** Records handed on. */
	read: number;
	/** Records that the program reserved and gave up. */
	discarded: number;
	/** Records too short for their codec. */
	malformed: number;
	/** Records that found no room, since the program was loaded; undefined where nobody counts them. */
	lost: bigint | undefined;
}

/** What may end waiting, and how much is read before the event loop gets its turn. */
export interface ConsumeOptions {
	signal?: AbortSignal;
	/** Records; default 10,000, a few milliseconds. */
	turn?: number;
}

const TURN = 10_000;

/**
 * Opens a ring buffer (`BPF_MAP_TYPE_RINGBUF`, from Linux 5.8). A ring has one reader: two would take each other's records.
 * The map must stay open as long as the ring. Throws BpfError `MAP_TYPE`.
 */
export function openRingBuffer<T>(map: MapHandle, options: RingBufferOptions<T>): RingBuffer<T> {
	if (map.type === "ringbuf") return new RingBuffer(map, options);
	throw new BpfError(`${map.name} is a map of type ${map.type}, not ringbuf: open it as what it is`, {
		code: "MAP_TYPE",
		operation: "open",
		object: map.name,
	});
}

/** A reader of records, by plain memory reads. Owns the mapped memory. Made by `openRingBuffer`. */
export class RingBuffer<T> {
	readonly name: string;
	readonly #map: MapHandle;
	readonly #memory: RingMemory;
	readonly #decode: RecordDecoder<T>;
	readonly #minLength: number;
	readonly #lost: (() => bigint) | undefined;
	readonly #counts = { read: 0, discarded: 0, malformed: 0 };
	#endConsuming: (() => void) | undefined;
	#open = true;

	constructor(map: MapHandle, { record, lost }: RingBufferOptions<T>) {
		this.name = map.name;
		this.#map = map;
		this.#memory = mapRing(map);
		this.#decode = typeof record === "function" ? record : (view, offset) => record.decode(view, offset);
		this.#minLength = typeof record === "function" ? 0 : record.size;
		this.#lost = lost;
	}

	/** Counts since the ring was opened. */
	get counts(): RingBufferCounts {
		return { ...this.#counts, lost: this.#lost?.() };
	}

	/** Bytes written and not yet read, and room for them. */
	get use(): { bytes: number; limit: number } {
		this.#checkOpen("look at");
		return { bytes: this.#memory.used, limit: this.#memory.size };
	}

	/**
	 * Hands on the records that are there now, at most `limit`, without a system call; returns how many. What the handler
	 * throws comes out here, with its record counted as read.
	 */
	drain(handle: (record: T) => void, limit: number = Number.POSITIVE_INFINITY): number {
		this.#checkOpen("read");
		if (this.#memory.passing) throw this.#refusal("read", "RING_BUSY", "its handler is still at work");
		const counts = this.#counts;
		const before = counts.read;
		const record = (view: DataView, offset: number, length: number) => {
			if (length < this.#minLength) {
				counts.malformed++;
				return;
			}
			counts.read++;
			handle(this.#decode(view, offset, length));
		};
		this.#memory.pass({ record, discarded: () => counts.discarded++ }, limit);
		return counts.read - before;
	}

	/**
	 * Hands on records as they come, until the signal is aborted or the ring closed. Sleeps in the event loop: no thread,
	 * no timer, no CPU time while nothing comes. Rejects with what the handler throws.
	 */
	async consume(handle: (record: T) => void, options: ConsumeOptions = {}): Promise<void> {
		this.#checkOpen("read");
		if (this.#endConsuming !== undefined)
			throw this.#refusal("read", "RING_BUSY", "it is being consumed already");
		const { signal, turn = TURN } = options;
		if (signal?.aborted) return;
		const end = () => {
			this.#memory.stop();
			this.#endConsuming?.();
		};
		try {
			await new Promise<void>((resolve, reject) => {
				this.#endConsuming = resolve;
				signal?.addEventListener("abort", end);
				this.#takeTurns(() => this.drain(handle, turn), reject);
			});
		} finally {
			signal?.removeEventListener("abort", end);
			this.#stopWatching?.();
			this.#endConsuming = undefined;
		}
	}

	#stopWatching: (() => void) | undefined;

	/** One drain for each time that the loop finds the ring readable. */
	#takeTurns(drain: () => void, fail: (error: unknown) => void): void {
		let pending: NodeJS.Immediate | undefined;
		const turn = () => {
			pending = undefined;
			try {
				drain();
			} catch (error) {
				fail(error);
			}
		};
		const watch = watchReadable(this.#map, () => {
			pending ??= setImmediate(turn);
		});
		this.#stopWatching = () => {
			watch.close();
			clearImmediate(pending);
			this.#stopWatching = undefined;
		};
	}

	/** Ends consuming and lets go of the memory; a second time is no error. */
	close(): void {
		if (!this.#open) return;
		this.#open = false;
		this.#stopWatching?.();
		this.#endConsuming?.();
		this.#memory.close();
	}

	[Symbol.dispose](): void {
		this.close();
	}

	#checkOpen(operation: string): void {
		if (!this.#open) throw this.#refusal(operation, "CLOSED", "it is closed");
	}

	#refusal(operation: string, code: string, why: string): BpfError {
		return new BpfError(`cannot ${operation} ring buffer ${this.name}: ${why}`, {
			code,
			operation,
			object: this.name,
		});
	}
}
