import test from "ava";
import { BpfError, createMap, LayoutError, type MapHandle, type MapType, u16, u32, u64 } from "bpf-loader";
import {
	openArray,
	openArrayOfMaps,
	openHash,
	openHashOfMaps,
	openLpmTrie,
	openLruHash,
	openLruPerCpuHash,
	openPerCpuArray,
	openPerCpuHash,
	openRingBuffer,
	openSockHash,
	openSockMap,
} from "bpf-maps";

const open: [kind: string, right: MapType, (map: MapHandle) => unknown][] = [
	["openHash", "hash", (map) => openHash(map, { key: u32, value: u64 })],
	["openLruHash", "lru_hash", (map) => openLruHash(map, { key: u32, value: u64 })],
	["openPerCpuHash", "percpu_hash", (map) => openPerCpuHash(map, { key: u32, value: u64 })],
	["openLruPerCpuHash", "lru_percpu_hash", (map) => openLruPerCpuHash(map, { key: u32, value: u64 })],
	["openArray", "array", (map) => openArray(map, { value: u64 })],
	["openPerCpuArray", "percpu_array", (map) => openPerCpuArray(map, { value: u64 })],
	["openLpmTrie", "lpm_trie", (map) => openLpmTrie(map, { key: u64, value: u64 })],
	["openArrayOfMaps", "array_of_maps", (map) => openArrayOfMaps(map)],
	["openHashOfMaps", "hash_of_maps", (map) => openHashOfMaps(map, { key: u32 })],
	["openSockHash", "sockhash", (map) => openSockHash(map, { key: u32 })],
	["openSockMap", "sockmap", (map) => openSockMap(map)],
	["openRingBuffer", "ringbuf", (map) => openRingBuffer(map, { record: u64 })],
];

for (const [name, right, attempt] of open) {
	test(`${name} takes no map of another type`, (t) => {
		using other = createMap({ name: "other", type: "stack", keySize: 0, valueSize: 4, maxEntries: 1 });
		const error = t.throws<BpfError>(() => attempt(other), { instanceOf: BpfError });
		t.is(error?.code, "MAP_TYPE");
		t.true(error?.message.startsWith(`other is a map of type stack, not ${right}`));
	});
}

test("a key or value of another size than the kernel's is a LayoutError with both sizes", (t) => {
	using map = createMap({ name: "svc_frontends", type: "hash", keySize: 4, valueSize: 8, maxEntries: 1 });
	const key = t.throws<LayoutError>(() => openHash(map, { key: u16, value: u64 }), {
		instanceOf: LayoutError,
	});
	t.is(key?.code, "MAP_LAYOUT");
	t.deepEqual([key?.expected, key?.actual], [2, 4]);
	t.true(key?.message.startsWith("the key of svc_frontends, __u16, has 2 bytes here and 4 in the kernel"));
	const value = t.throws<LayoutError>(() => openHash(map, { key: u32, value: u32 }), {
		instanceOf: LayoutError,
	});
	t.deepEqual([value?.expected, value?.actual], [4, 8]);
});

test("a per-CPU value is compared with what one CPU has", (t) => {
	using map = createMap({ name: "counters", type: "percpu_array", keySize: 4, valueSize: 4, maxEntries: 1 });
	t.notThrows(() => openPerCpuArray(map, { value: u32 }));
	const error = t.throws<LayoutError>(() => openPerCpuArray(map, { value: u64 }), {
		instanceOf: LayoutError,
	});
	t.deepEqual([error?.expected, error?.actual], [8, 4]);
});

test("a closed map is an error, not a call on whatever has its number now", (t) => {
	const map = createMap({ name: "svc_frontends", type: "hash", keySize: 4, valueSize: 8, maxEntries: 1 });
	const table = openHash(map, { key: u32, value: u64 });
	map.close();
	t.is(t.throws<BpfError>(() => table.get(1), { instanceOf: BpfError })?.code, "CLOSED");
	t.throws(() => table.setAll([[1, 1n]]), { instanceOf: BpfError });
	t.throws(() => table.count(), { instanceOf: BpfError });
});
