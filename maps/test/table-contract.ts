import type { ExecutionContext, TestFn } from "ava";
import { type BpfError, MapError } from "bpf-loader";
import type { MapTable } from "bpf-maps";

/** How a kind of table is opened for the contract, and what its values are made of. */
export interface ContractSubject<V> {
	/** Words for the titles, as in `a hash map`. */
	title: string;
	/** An empty table of this many entries, with `__u32` keys. */
	open(maxEntries: number): { table: MapTable<number, V>; close(): void };
	/** A value that is different for each number; zero bytes for 0. */
	value(number: number): V;
	/** A value that its codec refuses. */
	badValue: V;
	/** Drops entries to make room, so that it is never full. */
	evicts?: boolean;
}

type Case = [
	title: string,
	run: <V>(t: ExecutionContext, table: MapTable<number, V>, subject: ContractSubject<V>) => void,
];

const LIMIT = 64;
const range = (count: number, start = 0): number[] =>
	Array.from({ length: count }, (_, index) => start + index);
const byKey = (a: readonly [number, unknown], b: readonly [number, unknown]) => a[0] - b[0];

function refusal(t: ExecutionContext, work: () => void): MapError {
	const error = t.throws<BpfError>(work, { instanceOf: MapError });
	return error as MapError;
}

const common: Case[] = [
	[
		"gives back the value that was set",
		(t, table, { value }) => {
			t.true(table.set(3, value(30)));
			t.deepEqual(table.get(3), value(30));
			t.true(table.has(3));
		},
	],
	[
		"replaces a value",
		(t, table, { value }) => {
			table.set(3, value(30));
			t.true(table.set(3, value(31), "replace"));
			t.deepEqual(table.get(3), value(31));
			t.false(table.set(3, value(32), "create"));
			t.deepEqual(table.get(3), value(31));
		},
	],
	[
		"refuses a value that does not fit, writes what came before it and says how many",
		(t, table, { value, badValue }) => {
			t.is(refusal(t, () => table.set(1, badValue)).code, "MAP_ENTRY");
			const entries = [
				[1, value(1)],
				[2, value(2)],
				[3, badValue],
				[4, value(4)],
			] as const;
			const error = refusal(t, () => table.setAll(entries));
			t.is(error.code, "MAP_ENTRY");
			t.is(error.written, 2);
			t.true(error.cause instanceof RangeError);
			t.deepEqual(table.get(2), value(2));
		},
	],
	[
		"writes a batch whose entries are read from the same table",
		(t, table, { value }) => {
			table.setAll(range(8).map((key) => [key, value(key + 1)] as const));
			const shifted = function* () {
				for (const key of range(8)) yield [key + 8, table.get(key) ?? value(0)] as const;
			};
			table.setAll(shifted());
			t.deepEqual(table.get(15), value(8));
		},
	],
	[
		"gives entries as bytes that its codecs read",
		(t, table, { value }) => {
			table.set(5, value(50));
			const found = [...table.chunks()].flatMap(({ count, keys, values }) =>
				range(count).map((at) => [
					table.key.decode(new DataView(keys.buffer), at * table.key.size),
					table.value.decode(new DataView(values.buffer), at * table.value.size),
				]),
			);
			t.deepEqual(
				found.find(([key]) => key === 5),
				[5, value(50)],
			);
		},
	],
];

const sparse: Case[] = [
	[
		"answers undefined and false for a missing key",
		(t, table, { value }) => {
			t.is(table.get(1), undefined);
			t.false(table.has(1));
			t.false(table.delete(1));
			t.false(table.set(1, value(1), "replace"));
			t.true(table.set(1, value(1), "create"));
		},
	],
	[
		"deletes an entry once",
		(t, table, { value }) => {
			table.set(1, value(1));
			t.true(table.delete(1));
			t.false(table.delete(1));
			t.is(table.get(1), undefined);
		},
	],
	[
		"gives every entry exactly once",
		(t, table, { value }) => {
			const entries = range(40).map((key) => [key, value(key)] as const);
			table.setAll(entries);
			const found: (readonly [number, unknown])[] = [...table.entries()];
			t.deepEqual(found.sort(byKey), entries);
			t.deepEqual(
				[...table.keys()].sort((a, b) => a - b),
				range(40),
			);
			t.is(table.count(), 40);
		},
	],
	[
		"is empty at first and after clear",
		(t, table, { value }) => {
			t.deepEqual([...table.entries()], []);
			table.setAll(range(40).map((key) => [key, value(key)] as const));
			table.clear();
			t.deepEqual([...table.entries()], []);
			t.is(table.count(), 0);
		},
	],
	[
		"deletes a batch in which keys are missing",
		(t, table, { value }) => {
			table.setAll(range(10).map((key) => [key, value(key)] as const));
			table.deleteAll([100, 0, 101, 102, 2, 4, 6, 8, 103]);
			t.deepEqual(
				[...table.keys()].sort((a, b) => a - b),
				[1, 3, 5, 7, 9],
			);
		},
	],
	[
		"ends iterating while entries are deleted and added",
		(t, table, { value }) => {
			table.setAll(range(32).map((key) => [key, value(key)] as const));
			const stay = new Set(range(32).filter((key) => key % 2 === 1));
			let steps = 0;
			for (const [key] of table.entries()) {
				steps++;
				t.true(steps < 1000);
				table.delete((key + 2) & ~1);
				table.set(1000 + steps, value(1));
				table.delete(1000 + steps - 3);
				stay.delete(key);
			}
			t.deepEqual([...stay], []);
		},
	],
	[
		"writes and deletes empty batches",
		(t, table) => {
			table.setAll([]);
			table.deleteAll([]);
			t.is(table.count(), 0);
		},
	],
];

const limited: Case[] = [
	[
		"says MAP_FULL with name, use and limit, and still replaces",
		(t, table, { value }) => {
			table.setAll(range(LIMIT).map((key) => [key, value(key)] as const));
			const error = refusal(t, () => table.set(LIMIT, value(1)));
			t.is(error.code, "MAP_FULL");
			t.is(
				error.message,
				`${table.name} is full: ${LIMIT} of ${LIMIT} entries in use; raise its max_entries`,
			);
			t.is(error.used, LIMIT);
			t.is(error.limit, LIMIT);
			t.true(table.set(1, value(99)));
		},
	],
	[
		"says how many of a batch were written before it was full, and keeps them",
		(t, table, { value }) => {
			table.setAll(range(LIMIT - 4).map((key) => [key, value(key)] as const));
			const error = refusal(t, () => table.setAll(range(9, 500).map((key) => [key, value(key)] as const)));
			t.is(error.code, "MAP_FULL");
			t.is(error.written, 4);
			t.true(table.has(503));
			t.false(table.has(504));
		},
	],
];

const dense: Case[] = [
	[
		"has every index from the start, with zeros",
		(t, table, { value }) => {
			t.deepEqual(table.get(LIMIT - 1), value(0));
			t.is(table.count(), LIMIT);
			t.deepEqual([...table.keys()], range(LIMIT));
			t.false(table.set(1, value(1), "create"));
		},
	],
	[
		"writes zeros for delete and clear",
		(t, table, { value }) => {
			table.setAll(range(LIMIT).map((key) => [key, value(key + 1)] as const));
			t.true(table.delete(7));
			t.deepEqual(table.get(7), value(0));
			table.deleteAll([8, LIMIT + 5, 9]);
			t.deepEqual(range(4, 7).map(table.get), [value(0), value(0), value(0), value(11)]);
			table.clear();
			t.true(
				[...table.entries()].every(
					([, content]) => JSON.stringify(content, plain) === JSON.stringify(value(0), plain),
				),
			);
		},
	],
	[
		"has no index past its end",
		(t, table, { value }) => {
			t.is(table.get(LIMIT), undefined);
			t.false(table.delete(LIMIT));
			const error = refusal(t, () => table.set(LIMIT, value(1)));
			t.is(error.code, "MAP_FULL");
			t.is(
				error.message,
				`${table.name} is full: index ${LIMIT} is past its ${LIMIT} entries; raise its max_entries`,
			);
			t.is(error.limit, LIMIT);
			const batch = refusal(t, () =>
				table.setAll([
					[1, value(1)],
					[LIMIT, value(2)],
				]),
			);
			t.is(batch.written, 1);
		},
	],
];

const plain = (_: string, value: unknown): unknown => (typeof value === "bigint" ? `${value}n` : value);

/** Registers the tests that every table of this kind must pass. */
export function tableContract<V>(test: TestFn, subject: ContractSubject<V>, kind: "sparse" | "dense"): void {
	const own = kind === "dense" ? dense : subject.evicts ? sparse : [...sparse, ...limited];
	for (const [title, run] of [...common, ...own]) {
		test(`${subject.title} ${title}`, (t) => {
			const { table, close } = subject.open(LIMIT);
			try {
				run(t, table, subject);
			} finally {
				close();
			}
		});
	}
}
