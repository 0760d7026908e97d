import test from "ava";
import {
	createMap,
	kernelMapCalls,
	type MapCalls,
	type MapHandle,
	type MapType,
	possibleCpus,
	u32,
	u64,
} from "bpf-loader";
import {
	type MapTable,
	openArray,
	openHash,
	openLruHash,
	openLruPerCpuHash,
	openPerCpuArray,
	openPerCpuHash,
} from "bpf-maps";
import { type ContractSubject, tableContract } from "../table-contract.ts";

/** A kernel before 5.6, whose bpf() knows no batch commands, and one whose kind of map has none. */
const withoutBatches = (errno: number): MapCalls => ({
	...kernelMapCalls,
	lookupBatch: () => -errno,
	lookupAndDeleteBatch: () => -errno,
	updateBatch: () => -errno,
	deleteBatch: () => -errno,
});

const variants: [words: string, calls: MapCalls][] = [
	["", kernelMapCalls],
	[" on a kernel without batches (EINVAL)", withoutBatches(22)],
	[" where the kind has no batches (ENOTSUPP)", withoutBatches(524)],
];

interface Kind<V> {
	open(map: MapHandle): MapTable<number, V>;
	value(number: number): V;
	badValue: V;
}

function subject<V>(type: MapType, words: string, kind: Kind<V>): ContractSubject<V> {
	const evicts = type.startsWith("lru");
	return {
		...kind,
		title: `${type}${words}`,
		evicts,
		open(limit) {
			// An LRU map drops entries before it reaches its limit: with this room nothing is.
			const maxEntries = evicts ? 4096 : limit;
			const map = createMap({ name: "svc_frontends", type, keySize: 4, valueSize: 8, maxEntries });
			return { table: kind.open(map), close: () => map.close() };
		},
	};
}

const single = { value: BigInt, badValue: -1n };
const perCpu = {
	value: (number: number) => Array.from({ length: possibleCpus() }, (_, cpu) => BigInt(number * (cpu + 1))),
	// One more than there are processors.
	badValue: Array.from({ length: possibleCpus() + 1 }, () => 1n),
};

for (const [words, calls] of variants) {
	const entries = { key: u32, value: u64, calls };
	const hash = subject("hash", words, { ...single, open: (map) => openHash(map, entries) });
	const lruHash = subject("lru_hash", words, { ...single, open: (map) => openLruHash(map, entries) });
	const perCpuHash = subject("percpu_hash", words, {
		...perCpu,
		open: (map) => openPerCpuHash(map, entries),
	});
	const lruPerCpuHash = subject("lru_percpu_hash", words, {
		...perCpu,
		open: (map) => openLruPerCpuHash(map, entries),
	});
	const array = subject("array", words, { ...single, open: (map) => openArray(map, entries) });
	const perCpuArray = subject("percpu_array", words, {
		...perCpu,
		open: (map) => openPerCpuArray(map, entries),
	});

	for (const kind of [hash, lruHash]) tableContract(test, kind, "sparse");
	for (const kind of [perCpuHash, lruPerCpuHash]) tableContract(test, kind, "sparse");
	tableContract(test, array, "dense");
	tableContract(test, perCpuArray, "dense");
}
