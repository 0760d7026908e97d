import type { Table } from "bpf-maps";

/** A write that failed, and which entries it left unwritten. */
export interface WriteFailure {
	/** Name of the map. */
	map: string;
	cause: unknown;
	entries: number;
}

/** A key and the value that it should have; undefined: none. */
export type Wish<K, V> = readonly [key: K, value: V | undefined];

/**
 * One table, what it is known to hold, and what it should hold but does not yet. `P` is how a plan says that, by the
 * name `I` of the entry: there may be hundreds of thousands, so they are taken over as they come.
 */
export interface Ledger<I, K, V, P> {
	table: Table<K, V>;
	/** How an entry is named here. */
	id(key: K): I;
	/** Not yet written. */
	pending: Map<I, P>;
	wish(id: I, planned: P): Wish<K, V>;
	/** Entries that a failed write may or may not have changed, and that could not be read back. */
	unknown: Set<I>;
	/** What the kernel holds. */
	held(id: I): V | undefined;
	/** Notes what the kernel holds now. */
	note(id: I, held: Wish<K, V>): void;
	/** True where the two mean the same entry; undefined and zeros do. */
	same(a: V | undefined, b: V | undefined): boolean;
}

/** How many entries may fail one by one before the rest of a batch waits for the next try. */
const FAILURE_BUDGET = 16;

/** Entries in one batch: enough to make the system call cheap, few enough to be garbage soon. */
const BATCH = 4096;

/** Adds what a plan desires to what is pending; the newer wish wins. */
export function take<I, K, V, P>(ledger: Ledger<I, K, V, P>, desired: Map<I, P>): void {
	if (ledger.pending.size === 0) ledger.pending = desired;
	else for (const [id, planned] of desired) ledger.pending.set(id, planned);
}

/** What is pending, in batches, without what the kernel already holds. Entries may be written on the way. */
export function* unwritten<I, K, V, P>(
	ledger: Ledger<I, K, V, P>,
	select: (value: V | undefined, id: I) => boolean,
): Generator<Wish<K, V>[]> {
	let batch: Wish<K, V>[] = [];
	for (const [id, planned] of ledger.pending) {
		const wish = ledger.wish(id, planned);
		if (!select(wish[1], id)) continue;
		if (!ledger.unknown.has(id) && ledger.same(ledger.held(id), wish[1])) ledger.pending.delete(id);
		else batch.push(wish);
		if (batch.length < BATCH) continue;
		yield batch;
		batch = [];
	}
	if (batch.length > 0) yield batch;
}

/**
 * Writes a batch. Where that fails it is read back, so that the ledger knows what
 * the kernel holds, and halved until the entries that fail stand alone: one bad entry does not stop the others.
 */
export function write<I, K, V, P>(
	ledger: Ledger<I, K, V, P>,
	wishes: readonly Wish<K, V>[],
): { written: number; failures: WriteFailure[] } {
	const failures: WriteFailure[] = [];
	let budget = FAILURE_BUDGET;
	const halves: (readonly Wish<K, V>[])[] = [wishes];
	for (let part = halves.pop(); part !== undefined; part = halves.pop()) {
		if (part.length === 0) continue;
		if (budget === 0) {
			failures.push({ map: ledger.table.name, cause: failures[0]?.cause, entries: part.length });
			continue;
		}
		const failed = attempt(ledger, part);
		if (failed === undefined) continue;
		const left = readBack(ledger, part);
		if (left.length === 1) {
			budget -= 1;
			failures.push({ map: ledger.table.name, cause: failed.cause, entries: 1 });
		} else {
			const middle = left.length >> 1;
			halves.push(left.slice(middle), left.slice(0, middle));
		}
	}
	const written = wishes.length - failures.reduce((sum, failure) => sum + failure.entries, 0);
	return { written, failures };
}

/** Undefined where all went well, and then the ledger says so. */
function attempt<I, K, V, P>(
	ledger: Ledger<I, K, V, P>,
	wishes: readonly Wish<K, V>[],
): { cause: unknown } | undefined {
	const sets = wishes.filter(hasValue);
	try {
		if (sets.length > 0) ledger.table.setAll(sets);
		if (sets.length < wishes.length) {
			ledger.table.deleteAll(wishes.filter((wish) => !hasValue(wish)).map(([key]) => key));
		}
	} catch (cause) {
		return { cause };
	}
	for (const wish of wishes) {
		const id = ledger.id(wish[0]);
		ledger.unknown.delete(id);
		ledger.note(id, wish);
		ledger.pending.delete(id);
	}
	return undefined;
}

function hasValue<K, V>(wish: Wish<K, V>): wish is readonly [K, V] {
	return wish[1] !== undefined;
}

/** Finds out what a failed batch did. Returns what is still to be written. */
function readBack<I, K, V, P>(ledger: Ledger<I, K, V, P>, wishes: readonly Wish<K, V>[]): Wish<K, V>[] {
	const left: Wish<K, V>[] = [];
	for (const wish of wishes) {
		const [key, wanted] = wish;
		const id = ledger.id(key);
		try {
			const value = ledger.table.get(key);
			ledger.unknown.delete(id);
			ledger.note(id, [key, value]);
			if (ledger.same(value, wanted)) ledger.pending.delete(id);
			else left.push(wish);
		} catch {
			ledger.unknown.add(id);
			left.push(wish);
		}
	}
	return left;
}
