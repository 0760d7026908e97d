import koffi, { type node } from "koffi";
import { lazily, libbpf, libc } from "./library.ts";

/** Memory that a call reads or fills; passed in place, without a copy. */
type Bytes = Uint8Array;

/**
 * libbpf's calls on maps: each returns 0 or a negative errno, those that open something a descriptor.
 * `count` is in and out: elements offered, elements done.
 */
interface MapFunctions {
	create(
		type: number,
		name: string,
		keySize: number,
		valueSize: number,
		maxEntries: number,
		opts: Bytes,
	): number;
	openById(id: number): number;
	lookup(fd: number, key: Bytes, value: Bytes): number;
	update(fd: number, key: Bytes, value: Bytes, flags: number): number;
	delete(fd: number, key: Bytes): number;
	nextKey(fd: number, key: Bytes | null, next: Bytes): number;
	lookupAndDelete(fd: number, key: Bytes, value: Bytes): number;
	lookupBatch: ReadFunction;
	lookupAndDeleteBatch: ReadFunction;
	updateBatch(fd: number, keys: Bytes, values: Bytes, count: Uint32Array, opts: null): number;
	deleteBatch(fd: number, keys: Bytes, count: Uint32Array, opts: null): number;
	possibleCpus(): number;
}

type ReadFunction = (
	fd: number,
	from: Bytes | null,
	next: Bytes,
	keys: Bytes,
	values: Bytes,
	count: Uint32Array,
	opts: null,
) => number;

const createArguments =
	"int type, const char *name, uint32_t key_size, uint32_t value_size, uint32_t max_entries, const void *opts";
const readArguments =
	"int fd, void *from, void *next, void *keys, void *values, void *count, const void *opts";

/** Bound on first use. Throws BpfError `LIBBPF_MISSING`. */
export const mapFunctions = lazily((): MapFunctions => {
	const bind = (definition: string) => libbpf().func(definition);
	return {
		create: bind(`int bpf_map_create(${createArguments})`),
		openById: bind("int bpf_map_get_fd_by_id(uint32_t id)"),
		lookup: bind("int bpf_map_lookup_elem(int fd, const void *key, void *value)"),
		update: bind("int bpf_map_update_elem(int fd, const void *key, const void *value, uint64_t flags)"),
		delete: bind("int bpf_map_delete_elem(int fd, const void *key)"),
		nextKey: bind("int bpf_map_get_next_key(int fd, const void *key, void *next_key)"),
		lookupAndDelete: bind("int bpf_map_lookup_and_delete_elem(int fd, const void *key, void *value)"),
		lookupBatch: bind(`int bpf_map_lookup_batch(${readArguments})`),
		lookupAndDeleteBatch: bind(`int bpf_map_lookup_and_delete_batch(${readArguments})`),
		updateBatch: bind(
			"int bpf_map_update_batch(int fd, const void *keys, const void *values, void *count, const void *opts)",
		),
		deleteBatch: bind("int bpf_map_delete_batch(int fd, const void *keys, void *count, const void *opts)"),
		possibleCpus: bind("int libbpf_num_possible_cpus()"),
	};
});

interface MmapFunctions {
	/** Address, or all bits set and errno. */
	mmap(at: null, length: number, protection: number, flags: number, fd: number, offset: number): bigint;
	munmap(at: bigint, length: number): number;
	pageSize(): number;
}

/** The C library's calls for a map's own memory, bound on first use. */
export const mmapFunctions = lazily((): MmapFunctions => {
	const bind = (definition: string) => libc().func(definition);
	return {
		mmap: bind("void *mmap(void *at, size_t length, int protection, int flags, int fd, int64_t offset)"),
		munmap: bind("int munmap(void *at, size_t length)"),
		pageSize: bind("int getpagesize()"),
	};
});

/** The memory at an address, as a buffer without a copy: not to be touched once it is unmapped. */
export const viewMemory = (at: bigint, length: number): ArrayBuffer => koffi.view(at, length);

/**
 * Calls back from Node's own event loop while `fd` is readable, and costs nothing while it is not. A negative status is
 * the last call: the descriptor has an error.
 */
export const pollReadable = (fd: number, onReadable: (status: number) => void): node.PollHandle =>
	// koffi's types leave the status out, which comes first.
	koffi.node.poll(fd, { readable: true }, onReadable as unknown as () => void);
