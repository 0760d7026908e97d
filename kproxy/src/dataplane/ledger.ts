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

/** One table, what it is known to hold, and what it should hold but does not yet. */
export interface Ledger<I, K, V> {
	table: Table<K, V>;
	/** How an entry is named here. */
	id(key: K): I;
	/** Not yet written. */
	pending: Map<I, Wish<K, V>>;
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

/** What is pending, without what the kernel already holds. */
export function unwritten<I, K, V>(
	ledger: Ledger<I, K, V>,
	select: (value: V | undefined, id: I) => boolean,
): Wish<K, V>[] {
	const wishes: Wish<K, V>[] = [];
	for (const [id, wish] of ledger.pending) {
		if (!select(wish[1], id)) continue;
		if (!ledger.unknown.has(id) && ledger.same(ledger.held(id), wish[1])) ledger.pending.delete(id);
		else wishes.push(wish);
	}
	return wishes;
}

/**
 * Writes entries in as few batches as it can. Where a batch fails it is read back, so that the ledger knows what
 * the kernel holds, and halved until the entries that fail stand alone: one bad entry does not stop the others.
 */
export function write<I, K, V>(
	ledger: Ledger<I, K, V>,
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
function attempt<I, K, V>(
	ledger: Ledger<I, K, V>,
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
function readBack<I, K, V>(ledger: Ledger<I, K, V>, wishes: readonly Wish<K, V>[]): Wish<K, V>[] {
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
