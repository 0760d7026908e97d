import test from "ava";
import { u32, u64 } from "bpf-loader";
import { apply, diff, type MapTable, memoryTable, type Table } from "bpf-maps";
import fc from "fast-check";

const codecs = { key: u32, value: u64 };
const LIMIT = 40;
const FIXED = { seed: 20261120, numRuns: 200 };

function tableOf(
	entries: Iterable<readonly [number, bigint]>,
	kind: "hash" | "array" = "hash",
): MapTable<number, bigint> {
	const table = memoryTable({ name: "svc_backends", ...codecs, maxEntries: LIMIT, kind });
	table.setAll(entries);
	return table;
}

/** The same table, but one that can only give entries: a caller's own. */
const withoutChunks = ({ name, maxEntries, get, entries, setAll, deleteAll }: Table<number, bigint>) => ({
	name,
	maxEntries,
	get,
	entries,
	setAll,
	deleteAll,
});

const sorted = (entries: Iterable<readonly [number, bigint]>) => [...entries].sort((a, b) => a[0] - b[0]);

test("diff says what to set, what to delete and how much is as it should be", (t) => {
	const actual = tableOf([
		[1, 1n],
		[2, 2n],
		[3, 3n],
	]);
	const desired = [
		[2, 2n],
		[3, 30n],
		[4, 4n],
	] as const;
	t.deepEqual(diff(desired, actual, codecs), {
		set: [
			[3, 30n],
			[4, 4n],
		],
		delete: [1],
		unchanged: 1,
	});
});

const sources: [
	words: string,
	of: (table: MapTable<number, bigint>) => Parameters<typeof diff<number, bigint>>[1],
][] = [
	["a table with chunks", (table) => table],
	["a table without", withoutChunks],
	["plain entries", (table) => [...table.entries()]],
];

for (const [words, of] of sources) {
	test(`diff of ${words} with itself is empty`, (t) => {
		const table = tableOf([
			[1, 1n],
			[2, 2n],
		]);
		t.deepEqual(diff(table.entries(), of(table), codecs), { set: [], delete: [], unchanged: 2 });
	});
}

test("the last of several desired entries with one key counts", (t) => {
	t.deepEqual(
		diff(
			[
				[1, 1n],
				[1, 2n],
			],
			tableOf([]),
			codecs,
		).set,
		[[1, 2n]],
	);
});

test("an array's zeros that nobody desires are left alone", (t) => {
	const table = tableOf(
		[
			[1, 1n],
			[2, 2n],
		],
		"array",
	);
	t.deepEqual(
		diff(
			[
				[1, 1n],
				[5, 0n],
			],
			table,
			codecs,
		),
		{ set: [], delete: [2], unchanged: 2 },
	);
});

const entry = fc.tuple(fc.nat({ max: 30 }), fc.bigInt({ min: 0n, max: 3n }));
const entries = fc.uniqueArray(entry, { selector: ([key]) => key, maxLength: 25 });

for (const kind of ["hash", "array"] as const) {
	test(`whatever a ${kind} held, after diff and apply it holds what is desired, and a second diff is empty`, (t) => {
		const property = fc.property(entries, entries, (before, desired) => {
			const table = tableOf(before, kind);
			const first = diff(desired, table, codecs);
			const report = apply(table, first);
			const second = diff(desired, table, codecs);
			const held = sorted(table.entries()).filter(([, value]) => kind === "hash" || value !== 0n);
			const wanted = sorted(desired).filter(([, value]) => kind === "hash" || value !== 0n);
			t.deepEqual(held, wanted);
			t.deepEqual(second, { set: [], delete: [], unchanged: desired.length });
			t.is(report.written + report.unchanged, desired.length);
			t.is(report.failed, 0);
			return true;
		});
		t.notThrows(() => fc.assert(property, FIXED));
	});
}

test("a desired entry that cannot be encoded is to be set, so that apply reports it and writes the others", (t) => {
	const table = tableOf([
		[1, 1n],
		[2, 2n],
	]);
	const difference = diff(
		[
			[1, -1n],
			[-5, 5n],
			[3, 3n],
			[4, 4n],
		],
		table,
		codecs,
	);
	const report = apply(table, difference, { now: () => 0 });
	t.deepEqual(sorted(table.entries()), [
		[1, 1n],
		[3, 3n],
		[4, 4n],
	]);
	t.is(report.written, 2);
	t.is(report.deleted, 1);
	t.is(report.failed, 2);
	t.deepEqual(
		report.errors.map(({ code }) => code),
		["MAP_ENTRY", "MAP_ENTRY"],
	);
});
