import { Errno } from "./errno.ts";
import { failure } from "./failure.ts";
import { closeDescriptor, duplicateDescriptor } from "./ffi/descriptor.ts";
import { lastErrno } from "./ffi/library.ts";
import { mapFunctions, mmapFunctions, pollReadable, viewMemory } from "./ffi/map.ts";
import { type MapType, mapTypeNumber } from "./kernel-names.ts";
import { BpfMap } from "./object/bpf-map.ts";

/** What reading and writing a map needs to know of it: a `BpfMap`, whose descriptor stays with whoever opened it. */
export interface MapHandle {
	readonly fd: number;
	readonly name: string;
	readonly type: MapType;
	/** Bytes. */
	readonly keySize: number;
	/** Bytes of one value; of one CPU's value where the map is per CPU. */
	readonly valueSize: number;
	/** Limit, in entries; bytes of data for a ring buffer. */
	readonly maxEntries: number;
	/** `BPF_F_…` bits the map was made with. */
	readonly flags: number;
}

/**
 * The system calls on a map's elements: all that bpf-maps asks of a kernel, so that a test can put a fake here.
 * Each returns 0 or a negative errno. `count[0]` is in and out: elements offered, elements done.
 */
export interface MapCalls {
	lookup(fd: number, key: Uint8Array, value: Uint8Array): number;
	update(fd: number, key: Uint8Array, value: Uint8Array, flags: number): number;
	delete(fd: number, key: Uint8Array): number;
	/** Fills `next` with the key after `key`, the first one for `null`; -ENOENT after the last. */
	nextKey(fd: number, key: Uint8Array | null, next: Uint8Array): number;
	lookupAndDelete(fd: number, key: Uint8Array, value: Uint8Array): number;
	lookupBatch(fd: number, batch: ReadBatch): number;
	lookupAndDeleteBatch(fd: number, batch: ReadBatch): number;
	updateBatch(fd: number, keys: Uint8Array, values: Uint8Array, count: Uint32Array): number;
	deleteBatch(fd: number, keys: Uint8Array, count: Uint32Array): number;
}

/** Where a batch read starts and what it fills. Cursors have room for a key and for 4 bytes. */
export interface ReadBatch {
	/** Cursor that the last read gave; `null`: from the beginning. */
	from: Uint8Array | null;
	/** Filled with the cursor to go on from. */
	next: Uint8Array;
	keys: Uint8Array;
	values: Uint8Array;
	count: Uint32Array;
}

/** The running kernel's map calls, through libbpf. */
export const kernelMapCalls: MapCalls = {
	lookup: (fd, key, value) => mapFunctions().lookup(fd, key, value),
	update: (fd, key, value, flags) => mapFunctions().update(fd, key, value, flags),
	delete: (fd, key) => mapFunctions().delete(fd, key),
	nextKey: (fd, key, next) => mapFunctions().nextKey(fd, key, next),
	lookupAndDelete: (fd, key, value) => mapFunctions().lookupAndDelete(fd, key, value),
	lookupBatch: (fd, { from, next, keys, values, count }) =>
		mapFunctions().lookupBatch(fd, from, next, keys, values, count, null),
	lookupAndDeleteBatch: (fd, { from, next, keys, values, count }) =>
		mapFunctions().lookupAndDeleteBatch(fd, from, next, keys, values, count, null),
	updateBatch: (fd, keys, values, count) => mapFunctions().updateBatch(fd, keys, values, count, null),
	deleteBatch: (fd, keys, count) => mapFunctions().deleteBatch(fd, keys, count, null),
};

/** CPUs the machine may ever have: the number of values in each entry of a per-CPU map. */
export function possibleCpus(): number {
	const cpus = mapFunctions().possibleCpus();
	if (cpus > 0) return cpus;
	throw failure({ operation: "count", object: "possible CPUs" }, -cpus);
}

/** What to create a map with; sizes in bytes. */
export interface MapOptions {
	name: string;
	type: MapType;
	keySize: number;
	valueSize: number;
	maxEntries: number;
	/** `BPF_F_…` bits, as `BPF_F_NO_PREALLOC` = 1, which LPM tries need. */
	flags?: number;
	/** For maps of maps: a map such as the inner ones will be. */
	inner?: { readonly fd: number };
}

/** sizeof(struct bpf_map_create_opts) in libbpf 1.0; later versions only append. */
const CREATE_OPTIONS_SIZE = 48;

/**
 * Creates a map that no program declares: an inner map, or a map for a test. The caller closes it.
 * Throws BpfError `MAP_CREATE`, PermissionError.
 */
export function createMap(options: MapOptions): BpfMap {
	const { name, type, keySize, valueSize, maxEntries } = options;
	const bytes = new Uint8Array(CREATE_OPTIONS_SIZE);
	const view = new DataView(bytes.buffer);
	view.setBigUint64(0, BigInt(CREATE_OPTIONS_SIZE), true);
	view.setUint32(24, options.inner?.fd ?? 0, true);
	view.setUint32(28, options.flags ?? 0, true);
	const fd = mapFunctions().create(mapTypeNumber(type), name, keySize, valueSize, maxEntries, bytes);
	if (fd >= 0) return new BpfMap(fd, name);
	const what = `type ${type}, key ${keySize} and value ${valueSize} bytes, ${maxEntries} entries`;
	const meanings = {
		[Errno.EINVAL]: { code: "MAP_CREATE", why: `the kernel refuses ${what}` },
		[Errno.E2BIG]: { code: "MAP_CREATE", why: `too big: ${what}` },
		[Errno.ENOMEM]: { code: "MAP_CREATE", why: `no memory for ${what}` },
	};
	throw failure({ operation: "create", object: `map ${name}`, needs: ["CAP_BPF"], meanings }, -fd);
}

/** Opens a map by its number of this boot, as a map of maps answers; undefined where it is gone. The caller closes it. */
export function openMapById(id: number): BpfMap | undefined {
	const fd = mapFunctions().openById(id);
	if (fd >= 0) return new BpfMap(fd);
	if (-fd === Errno.ENOENT) return undefined;
	throw failure({ operation: "open", object: `map number ${id}`, needs: ["CAP_SYS_ADMIN"] }, -fd);
}

/** A piece of a map's own memory, mapped into this process. */
export interface MappedMemory {
	/** Reads and writes the memory itself. Touching it after `close()` ends the process. */
	readonly buffer: ArrayBuffer;
	close(): void;
}

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** Bytes in a page of memory. */
export const pageSize = (): number => mmapFunctions().pageSize();

/** Maps `length` bytes of a map's memory from `offset`, both whole pages. Throws BpfError. */
export function mapMemory(
	map: MapHandle,
	area: { offset: number; length: number; writable: boolean },
): MappedMemory {
	const { mmap, munmap } = mmapFunctions();
	const protection = area.writable ? PROT_READ | PROT_WRITE : PROT_READ;
	const address = mmap(null, area.length, protection, MAP_SHARED, map.fd, area.offset);
	if (address === MAP_FAILED) throw failure({ operation: "read memory of", object: map.name }, lastErrno());
	let open = true;
	return {
		buffer: viewMemory(address, area.length),
		close() {
			if (open) munmap(address, area.length);
			open = false;
		},
	};
}

/**
 * Calls `onReadable` from the event loop as long as the map has something to read, until closed. Closing the map does not
 * end it. What runs in `onReadable` itself sees no promise move: defer work with `setImmediate`.
 */
export function watchReadable(map: MapHandle, onReadable: () => void): { close(): void } {
	// A descriptor of its own: libuv must never poll a number that has come to mean something else.
	const fd = duplicateDescriptor(map.fd);
	if (fd < 0) throw failure({ operation: "watch", object: map.name }, -fd);
	const handle = pollReadable(fd, onReadable);
	let open = true;
	return {
		close() {
			if (!open) return;
			open = false;
			handle.close();
			closeDescriptor(fd);
		},
	};
}
