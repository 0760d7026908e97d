import test, { type ExecutionContext } from "ava";
import { Errno, MapError, PermissionError, u32, u64 } from "bpf-loader";
import { fakeHash } from "./fake-calls.ts";

const map = { name: "conntrack", key: u32, value: u64, maxEntries: 1024 };
const entries = (count: number) => Array.from({ length: count }, (_, key) => [key, BigInt(key)] as const);

/** A function that fails `times` times with this errno before it does its work. */
function failing<Arguments extends unknown[]>(
	work: (...args: Arguments) => number,
	times: number,
	errno: number,
) {
	let left = times;
	return (...args: Arguments) => (left-- > 0 ? -errno : work(...args));
}

const codeOf = (t: ExecutionContext, work: () => void) =>
	t.throws<MapError>(work, { instanceOf: MapError })?.code;

for (const name of ["EBUSY", "EDEADLK", "ETIMEDOUT", "EAGAIN"] as const) {
	test(`calls that say ${name} are tried again`, (t) => {
		const table = fakeHash(map, (real) => ({
			update: failing(real.update, 5, Errno[name]),
			lookup: failing(real.lookup, 5, Errno[name]),
			delete: failing(real.delete, 5, Errno[name]),
			updateBatch: failing(real.updateBatch, 5, Errno[name]),
			deleteBatch: failing(real.deleteBatch, 5, Errno[name]),
			lookupBatch: failing(real.lookupBatch, 5, Errno[name]),
		}));
		table.set(1, 1n);
		table.setAll(entries(10));
		t.is(table.get(1), 1n);
		t.is(table.count(), 10);
		t.true(table.delete(1));
		table.deleteAll([2, 3]);
		t.is(table.count(), 7);
	});
}

test("a map that stays busy is MAP_BUSY in the end", (t) => {
	const busy = () => -Errno.EBUSY;
	const table = fakeHash(map, () => ({
		update: busy,
		lookup: busy,
		delete: busy,
		updateBatch: busy,
		deleteBatch: busy,
		lookupBatch: busy,
	}));
	t.is(
		codeOf(t, () => table.set(1, 1n)),
		"MAP_BUSY",
	);
	t.is(
		codeOf(t, () => table.get(1)),
		"MAP_BUSY",
	);
	t.is(
		codeOf(t, () => table.delete(1)),
		"MAP_BUSY",
	);
	t.is(
		codeOf(t, () => table.setAll(entries(2))),
		"MAP_BUSY",
	);
	t.is(
		codeOf(t, () => table.deleteAll([1])),
		"MAP_BUSY",
	);
	t.is(
		codeOf(t, () => table.count()),
		"MAP_BUSY",
	);
});

test("a batch that is interrupted half-way goes on from there, each entry written once", (t) => {
	const written: number[] = [];
	const table = fakeHash(map, (real) => ({
		updateBatch(fd, keys, values, count) {
			const offered = count[0] as number;
			count[0] = Math.min(offered, 3);
			written.push(count[0]);
			real.updateBatch(fd, keys, values, count);
			return offered > 3 ? -Errno.EBUSY : 0;
		},
	}));
	table.setAll(entries(10));
	t.deepEqual(written, [3, 3, 3, 1]);
	t.deepEqual(
		[...table.entries()],
		entries(10).map(([key, value]) => [key, value]),
	);
});

test("no memory in the kernel is MAP_NO_MEMORY and says what was written", (t) => {
	let room = 4;
	const table = fakeHash(map, (real) => ({
		updateBatch(fd, keys, values, count) {
			count[0] = room;
			real.updateBatch(fd, keys, values, count);
			room = 0;
			return -Errno.ENOMEM;
		},
	}));
	const error = t.throws<MapError>(() => table.setAll(entries(10)), { instanceOf: MapError });
	t.is(error?.code, "MAP_NO_MEMORY");
	t.is(error?.written, 4);
	t.is(table.count(), 4);
});

test("a writer that overtakes the kernel's refilling of free elements (ENOMEM) gets there all the same", (t) => {
	const table = fakeHash(map, (real) => ({
		update: failing(real.update, 5, Errno.ENOMEM),
		updateBatch(fd, keys, values, count) {
			const offered = count[0] as number;
			count[0] = Math.min(offered, 2);
			real.updateBatch(fd, keys, values, count);
			return offered > 2 ? -Errno.ENOMEM : 0;
		},
	}));
	table.setAll(entries(9));
	table.set(9, 9n);
	t.is(table.count(), 10);
});

test("a batch that fails before it begins has written nothing, whatever its count says", (t) => {
	const table = fakeHash(map, () => ({ updateBatch: () => -Errno.ENOMEM }));
	t.is(t.throws<MapError>(() => table.setAll(entries(10)), { instanceOf: MapError })?.written, 0);
});

test("a batch that finds a bucket too crowded for it grows until the bucket fits", (t) => {
	const offers: number[] = [];
	const table = fakeHash(map, (real) => ({
		lookupBatch(fd, batch) {
			offers.push(batch.count[0] as number);
			if ((batch.count[0] as number) >= 4000) return real.lookupBatch(fd, batch);
			batch.count[0] = 0;
			return -Errno.ENOSPC;
		},
	}));
	table.setAll(entries(100));
	t.is(table.count(), 100);
	t.deepEqual(offers, [1024, 2048, 4096]);
});

test("a read that fills less than its room gives only what it filled", (t) => {
	const table = fakeHash(map, (real) => ({
		lookupBatch(fd, batch) {
			// The next bucket would not fit: this one is read without an error and without being full.
			batch.count[0] = Math.min(batch.count[0] as number, 3);
			return real.lookupBatch(fd, batch);
		},
	}));
	table.setAll(entries(10));
	t.deepEqual([...table.keys()], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("a batch never grows without end", (t) => {
	const table = fakeHash(map, () => ({
		lookupBatch(_fd, batch) {
			batch.count[0] = 0;
			return -Errno.ENOSPC;
		},
	}));
	t.throws(() => table.count(), { instanceOf: MapError });
});

test("an entry that a reader is interrupted at (EINTR, up to 6.14) is tried again", (t) => {
	const table = fakeHash(map, (real) => ({ lookupBatch: failing(real.lookupBatch, 3, Errno.EINTR) }), "key");
	table.setAll(entries(10));
	t.is(table.count(), 10);
});

/** A read whose cursor is gone each time: the kernel starts over, `times` times. */
function startingOver(times: number) {
	let left = times;
	const table = fakeHash(
		map,
		(real) => ({
			lookupBatch(fd, batch) {
				real.lookupBatch(fd, { ...batch, from: null });
				return left-- > 0 ? 0 : -Errno.ENOENT;
			},
		}),
		"key",
	);
	table.setAll(entries(10));
	return table;
}

test("entries of a map that starts over come once each", (t) => {
	t.deepEqual([...startingOver(5).keys()], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("reading a map that starts over for ever ends in MAP_CHANGING", (t) => {
	t.is(
		codeOf(t, () => startingOver(Number.POSITIVE_INFINITY).count()),
		"MAP_CHANGING",
	);
});

test("reading key by key ends where keys vanish under it, with each key once", (t) => {
	const table = fakeHash(map, (real) => ({
		lookupBatch: () => -Errno.ENOTSUPP,
		// From a key that is gone the kernel starts over.
		nextKey: (fd, key, next) =>
			real.nextKey(fd, key !== null && real.lookup(fd, key, new Uint8Array(8)) ? null : key, next),
	}));
	table.setAll(entries(1000));
	const seen: number[] = [];
	for (const key of table.keys()) {
		seen.push(key);
		if (key % 3 === 0) table.delete(key);
	}
	t.is(new Set(seen).size, seen.length);
	for (const [key] of entries(1000)) if (key % 3 !== 0) t.true(seen.includes(key));
});

test("EPERM with every capability there is a map that takes no writes", (t) => {
	const table = fakeHash(map, () => ({ update: () => -Errno.EPERM, updateBatch: () => -Errno.EPERM }));
	t.is(
		t.throws<PermissionError>(() => table.set(1, 1n), { instanceOf: PermissionError })?.code,
		"PERMISSION",
	);
	t.throws(() => table.setAll(entries(2)), { instanceOf: PermissionError });
});

test("a bad element in a batch is named by its key, and batches go on being used", (t) => {
	let batches = 0;
	const refuses = (key: Uint8Array) => key[0] === 5;
	const table = fakeHash(map, (real) => ({
		update: (fd, key, value, flags) => (refuses(key) ? -Errno.EINVAL : real.update(fd, key, value, flags)),
		updateBatch(fd, keys, values, count) {
			batches++;
			const bad = Math.min(count[0] as number, Math.max(0, 5 - (keys[0] as number)));
			if (bad === count[0]) return real.updateBatch(fd, keys, values, count);
			count[0] = bad;
			real.updateBatch(fd, keys, values, count);
			count[0] = bad;
			return -Errno.EINVAL;
		},
	}));
	const error = t.throws<MapError>(() => table.setAll(entries(10)), { instanceOf: MapError });
	t.is(error?.message, "cannot update conntrack, key 5: EINVAL (invalid argument)");
	t.is(error?.written, 5);
	table.setAll(entries(5));
	t.is(batches, 2);
});
