import test from "ava";
import {
	BpfError,
	createMap,
	Errno,
	kernelMapCalls,
	mapMemory,
	openMapById,
	pageSize,
	possibleCpus,
} from "bpf-loader";
import { lacks } from "../lacks.ts";

/** The kernel's own, which no header of user space has. */
const ENOTSUPP = 524;

const hash = { name: "hits", type: "hash", keySize: 4, valueSize: 8, maxEntries: 16 } as const;
const key = (number: number) => new Uint8Array(Uint32Array.of(number).buffer);
const value = (number: number) => new Uint8Array(BigUint64Array.of(BigInt(number)).buffer);
const numbers = (bytes: Uint8Array, count: number) =>
	[...new BigUint64Array(bytes.buffer, 0, count)].map(Number);

test("Single calls answer 0 or a negative errno", (t) => {
	using map = createMap(hash);
	const { lookup, update, delete: remove, nextKey } = kernelMapCalls;
	const found = new Uint8Array(8);
	const next = new Uint8Array(4);
	t.is(lookup(map.fd, key(1), found), -Errno.ENOENT);
	t.is(update(map.fd, key(1), value(10), 0), 0);
	t.is(update(map.fd, key(1), value(10), 1), -Errno.EEXIST);
	t.is(lookup(map.fd, key(1), found), 0);
	t.deepEqual(found, value(10));
	t.is(nextKey(map.fd, null, next), 0);
	t.deepEqual(next, key(1));
	t.is(nextKey(map.fd, key(1), next), -Errno.ENOENT);
	t.is(remove(map.fd, key(1)), 0);
	t.is(remove(map.fd, key(1)), -Errno.ENOENT);
});

test("An entry of a hash is read and deleted in one call where the kernel can", (t) => {
	using map = createMap(hash);
	const { update, lookupAndDelete } = kernelMapCalls;
	const found = new Uint8Array(8);
	t.is(update(map.fd, key(1), value(10), 0), 0);
	const status = lookupAndDelete(map.fd, key(1), found);
	if (lacks(t, { feature: "lookup and delete of one entry of hash", has: status !== -ENOTSUPP })) return;
	t.is(status, 0);
	t.deepEqual(found, value(10));
	t.is(lookupAndDelete(map.fd, key(1), found), -Errno.ENOENT);
});

test("Batch calls count what they did", (t) => {
	using map = createMap(hash);
	const keys = new Uint8Array(Uint32Array.of(1, 2, 3).buffer);
	const values = new Uint8Array(BigUint64Array.of(10n, 20n, 30n).buffer);
	t.is(kernelMapCalls.updateBatch(map.fd, keys, values, Uint32Array.of(3)), 0);
	const batch = () => ({
		from: null,
		next: new Uint8Array(4),
		keys: new Uint8Array(64),
		values: new Uint8Array(128),
		count: Uint32Array.of(16),
	});
	const read = batch();
	t.is(kernelMapCalls.lookupBatch(map.fd, read), -Errno.ENOENT);
	t.is(read.count[0], 3);
	t.deepEqual(numbers(read.values, 3).sort(), [10, 20, 30]);
	const deleted = Uint32Array.of(2);
	t.is(
		kernelMapCalls.deleteBatch(map.fd, new Uint8Array(Uint32Array.of(1, 9).buffer), deleted),
		-Errno.ENOENT,
	);
	t.is(deleted[0], 1);
	const taken = batch();
	t.is(kernelMapCalls.lookupAndDeleteBatch(map.fd, taken), -Errno.ENOENT);
	t.deepEqual(numbers(taken.values, 2).sort(), [20, 30]);
	t.is(kernelMapCalls.nextKey(map.fd, null, new Uint8Array(4)), -Errno.ENOENT);
});

test("A map that the kernel refuses to create is MAP_CREATE, with what was asked for", (t) => {
	const error = t.throws<BpfError>(() => createMap({ ...hash, keySize: 0 }), { instanceOf: BpfError });
	t.is(error?.code, "MAP_CREATE");
	t.is(
		error?.message,
		"cannot create map hits: the kernel refuses type hash, key 0 and value 8 bytes, 16 entries",
	);
});

test("A map is opened again by its number, while it exists", (t) => {
	using map = createMap(hash);
	using again = openMapById(map.info.id);
	t.is(again?.info.id, map.info.id);
	t.is(openMapById(0x7fff_fffe), undefined);
});

test("Memory of a map without any is refused", (t) => {
	using map = createMap(hash);
	t.throws(() => mapMemory(map, { offset: 0, length: pageSize(), writable: false }), {
		instanceOf: BpfError,
	});
});

test("There is at least one possible CPU", (t) => {
	t.true(possibleCpus() >= 1);
});
