import test from "ava";
import { Errno, u32, u64 } from "bpf-loader";
import { apply, memoryTable } from "bpf-maps";
import { fakeHash } from "./fake-calls.ts";

const map = { name: "svc_frontends", key: u32, value: u64, maxEntries: 4 };
const entry = (key: number) => [key, BigInt(key)] as const;

/** A clock that a millisecond passes on at each look. */
function clock() {
	let ms = 0;
	return () => ms++;
}

test("apply reports what it did and how long it took", (t) => {
	const table = memoryTable(map);
	table.set(1, 1n);
	const report = apply(table, { set: [entry(2), entry(3)], delete: [1], unchanged: 7 }, { now: clock() });
	t.deepEqual(report, {
		table: "svc_frontends",
		written: 2,
		deleted: 1,
		unchanged: 7,
		failed: 0,
		errors: [],
		durationMs: 1,
	});
});

test("a full table is given its deletes, and then what did not fit", (t) => {
	const table = memoryTable(map);
	table.setAll([1, 2, 3].map(entry));
	const report = apply(table, { set: [4, 5, 6].map(entry), delete: [1, 2], unchanged: 1 });
	t.deepEqual([...table.keys()].sort(), [3, 4, 5, 6]);
	t.is(report.written, 3);
	t.is(report.deleted, 2);
	t.deepEqual(report.errors, []);
});

test("a table that is too small is filled, and the rest is reported with name, use and limit", (t) => {
	const table = memoryTable(map);
	const report = apply(table, { set: [1, 2, 3, 4, 5, 6].map(entry), delete: [9], unchanged: 0 });
	t.is(report.written, 4);
	t.is(report.failed, 2);
	t.deepEqual(
		report.errors.map(({ message }) => message),
		["svc_frontends is full: 4 of 4 entries in use; raise its max_entries"],
	);
	t.is(table.count(), 4);
});

test("after an error that is nobody's fault nothing is deleted: the old entries go on serving", (t) => {
	const table = fakeHash(map, () => ({ updateBatch: () => -Errno.ENOMEM }));
	table.set(1, 1n);
	const report = apply(table, { set: [entry(2)], delete: [1], unchanged: 0 });
	t.true(table.has(1));
	t.is(report.failed, 2);
	t.deepEqual(
		report.errors.map(({ code }) => code),
		["MAP_NO_MEMORY"],
	);
});

test("a failed delete is reported with what was deleted before", (t) => {
	const table = fakeHash(map, (real) => ({
		deleteBatch(fd, keys, count) {
			count[0] = 1;
			real.deleteBatch(fd, keys, count);
			return -Errno.ENOMEM;
		},
	}));
	table.setAll([1, 2].map(entry));
	const report = apply(table, { set: [], delete: [1, 2], unchanged: 0 });
	t.is(report.deleted, 1);
	t.is(report.failed, 1);
	t.is(report.errors.length, 1);
});

test("errors that no table makes are thrown", (t) => {
	const broken = {
		...memoryTable(map),
		setAll: () => {
			throw new TypeError("a bug");
		},
	};
	t.throws(() => apply(broken, { set: [entry(1)], delete: [], unchanged: 0 }), { instanceOf: TypeError });
});

test("of many refusals the first 100 are kept", (t) => {
	const table = memoryTable({ ...map, maxEntries: 1000 });
	const bad = Array.from({ length: 150 }, (_, key) => [key, -1n] as const);
	const report = apply(table, { set: bad, delete: [], unchanged: 0 });
	t.is(report.failed, 150);
	t.is(report.errors.length, 100);
});
