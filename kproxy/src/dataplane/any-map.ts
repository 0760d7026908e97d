import {
	BpfError,
	type BpfMap,
	type Btf,
	bytes,
	decodeValue,
	type PlainValue,
	possibleCpus,
	readKernelBtf,
} from "bpf-loader";
import {
	type Chunk,
	openArray,
	openHash,
	openLpmTrie,
	openLruHash,
	openLruPerCpuHash,
	openPerCpuArray,
	openPerCpuHash,
} from "bpf-maps";
import { countMapped, isMappable } from "./used-cells.ts";

/** One entry of any map as plain data: decoded by the map's BTF, or as hex text where it has none. */
export interface PlainEntry {
	key: PlainValue;
	/** Of a per-CPU map: one value for each CPU. */
	value: PlainValue;
}

/** Entries in use; in arrays, where every index exists, those that are not all zeros. */
export function countUsed(map: BpfMap): number {
	if (map.type === "array" && isMappable(map)) {
		return countMapped(map);
	}
	let used = 0;
	for (const chunk of openAny(map).chunks()) {
		used += isDense(map) ? countNonZero(chunk, strideOf(map)) : chunk.count;
	}
	return used;
}

/**
 * The entries of any map with keys and values. In arrays every index exists: those that are all zeros are left out,
 * unless `zeros`. Throws BpfError `MAP_NOT_READABLE` for a kind of map that has no entries.
 */
export function* readAny(map: BpfMap, { zeros = false } = {}): Generator<PlainEntry> {
	const table = openAny(map);
	const decode = decoderOf(map);
	const stride = strideOf(map);
	for (const { count, keys, values } of table.chunks()) {
		for (let index = 0; index < count; index++) {
			const value = values.subarray(index * stride, (index + 1) * stride);
			if (zeros || !isDense(map) || !isZero(value)) {
				const key = keys.subarray(index * map.keySize, (index + 1) * map.keySize);
				yield { key: decode.key(key), value: decode.value(value) };
			}
		}
	}
}

function openAny(map: BpfMap): { chunks(): Iterable<Chunk> } {
	const key = bytes(map.keySize);
	const value = bytes(map.valueSize);
	switch (map.type) {
		case "hash":
			return openHash(map, { key, value });
		case "lru_hash":
			return openLruHash(map, { key, value });
		case "lpm_trie":
			return openLpmTrie(map, { key, value });
		case "array":
			return openArray(map, { value });
		case "percpu_array":
			return openPerCpuArray(map, { value });
		case "percpu_hash":
			return openPerCpuHash(map, { key, value });
		case "lru_percpu_hash":
			return openLruPerCpuHash(map, { key, value });
		default:
			throw new BpfError(`map ${map.name} is a ${map.type}: it has no entries that could be printed`, {
				code: "MAP_NOT_READABLE",
				operation: "read",
				object: `map ${map.name}`,
			});
	}
}

const isPerCpu = (map: BpfMap): boolean => map.type.includes("percpu");

/** Bytes from one CPU's value to the next: the kernel rounds up to 8. */
const cpuStride = (map: BpfMap): number => Math.ceil(map.valueSize / 8) * 8;

/** Bytes from one entry's value to the next. */
const strideOf = (map: BpfMap): number => (isPerCpu(map) ? cpuStride(map) * possibleCpus() : map.valueSize);

const isDense = (map: BpfMap): boolean => map.type === "array" || map.type === "percpu_array";

function countNonZero({ count, values }: Chunk, stride: number): number {
	let used = 0;
	for (let index = 0; index < count; index++) {
		used += isZero(values.subarray(index * stride, (index + 1) * stride)) ? 0 : 1;
	}
	return used;
}

function isZero(bytes: Uint8Array): boolean {
	return bytes.every((byte) => byte === 0);
}

interface Decoder {
	key(bytes: Uint8Array): PlainValue;
	value(bytes: Uint8Array): PlainValue;
}

function decoderOf(map: BpfMap): Decoder {
	const btf = btfOf(map);
	const decodeAs = (typeId: number) => (part: Uint8Array) =>
		btf === undefined || typeId === 0 ? Buffer.from(part).toString("hex") : decodeValue(btf, typeId, part);
	const one = decodeAs(map.info.valueTypeId);
	const stride = cpuStride(map);
	const perCpu = (all: Uint8Array) =>
		Array.from({ length: all.length / stride }, (_, cpu) =>
			one(all.subarray(cpu * stride, cpu * stride + map.valueSize)),
		);
	return { key: decodeAs(map.info.keyTypeId), value: isPerCpu(map) ? perCpu : one };
}

/** Reading BTF by its number is a privilege of its own; without it entries are printed as hex. */
function btfOf(map: BpfMap): Btf | undefined {
	if (map.info.btfId === 0) {
		return undefined;
	}
	try {
		return readKernelBtf(map.info.btfId);
	} catch (error) {
		if (error instanceof BpfError && error.code === "PERMISSION") {
			return undefined;
		}
		throw error;
	}
}
