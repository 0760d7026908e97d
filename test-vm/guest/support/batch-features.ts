import { type BpfMap, createMap, kernelMapCalls, type MapType } from "bpf-loader";
import { type Feature, refused } from "./feature.ts";

const entries = 4;
/** `BPF_F_NO_PREALLOC`, without which the kernel makes no LPM trie. */
const noPreallocation = 1;

const takeOne: Feature = {
	name: "lookup and delete of one entry of hash",
	works: () => {
		using map = createMap({ name: "take", type: "hash", keySize: 4, valueSize: 8, maxEntries: entries });
		update(map);
		const status = kernelMapCalls.lookupAndDelete(map.fd, keysOf(map).slice(0, 4), new Uint8Array(8));
		if (status < 0) throw refused("take an entry of", map.type, status);
		return true;
	},
};

/** Map types, and whether single entries can be deleted: those of arrays cannot. */
const types: readonly [type: MapType, deletes: boolean][] = [
	["hash", true],
	["lru_hash", true],
	["lpm_trie", true],
	["array", false],
	["percpu_hash", true],
	["percpu_array", false],
];

/** More than one thing in one call, by map type: writing, reading and deleting several entries, reading with deleting. */
export const batchFeatures: readonly Feature[] = types.flatMap(([type, deletes]) => [
	batch("update", type, update),
	batch("lookup", type, (map) => {
		update(map);
		lookup(map);
	}),
	...(deletes
		? [
				batch("delete", type, (map) => {
					update(map);
					check("delete", map, kernelMapCalls.deleteBatch(map.fd, keysOf(map), Uint32Array.of(entries)));
				}),
			]
		: []),
	...(type === "hash" ? [takeOne] : []),
]);

function batch(verb: string, type: MapType, use: (map: BpfMap) => void): Feature {
	return {
		name: `batch ${verb} of ${type}`,
		fallback: "single entries",
		works: () => {
			using map = createMap({
				name: "batch",
				type,
				keySize: type === "lpm_trie" ? 8 : 4,
				valueSize: 8,
				maxEntries: entries,
				flags: type === "lpm_trie" ? noPreallocation : 0,
			});
			use(map);
			return true;
		},
	};
}

/** Different keys; in a trie those of whole 32-bit prefixes. */
function keysOf(map: BpfMap): Uint8Array {
	const keys = new Uint8Array(map.keySize * entries);
	const view = new DataView(keys.buffer);
	for (let index = 0; index < entries; index++) {
		const at = index * map.keySize;
		if (map.type === "lpm_trie") view.setUint32(at, 32, true);
		view.setUint32(at + map.keySize - 4, index, true);
	}
	return keys;
}

/** Room for all values of more CPUs than a machine has. */
const cpuLimit = 1024;
const roomOf = (map: BpfMap): Uint8Array =>
	new Uint8Array(map.valueSize * entries * (map.type.startsWith("percpu_") ? cpuLimit : 1));

function update(map: BpfMap): void {
	const status = kernelMapCalls.updateBatch(map.fd, keysOf(map), roomOf(map), Uint32Array.of(entries));
	check("update", map, status);
}

function lookup(map: BpfMap): void {
	const count = Uint32Array.of(entries);
	const status = kernelMapCalls.lookupBatch(map.fd, {
		from: null,
		next: new Uint8Array(64),
		keys: new Uint8Array(map.keySize * entries),
		values: roomOf(map),
		count,
	});
	// ENOENT: it was the last batch.
	if (status !== -2) check("lookup", map, status);
	if (count[0] !== entries) throw new Error(`a batch of ${map.type} gave ${count[0]} of ${entries} entries`);
}

function check(verb: string, map: BpfMap, status: number): void {
	if (status < 0) throw refused(`${verb} a batch of`, map.type, status);
}
