import { once } from "node:events";
import { Worker } from "node:worker_threads";
import test from "ava";
import {
	type BpfMap,
	be32,
	type Codec,
	createMap,
	kernelMapCalls,
	type MapCalls,
	type MapType,
	u32,
	u64,
} from "bpf-loader";
import { type MapTable, openHash, openLpmTrie } from "bpf-maps";
import type { Churn } from "./churn-worker.ts";

const STABLE = 5000;
const CHURNING = 5000;
const ROUNDS = 10;

/** Changes the map's other keys from another thread for as long as `work` runs. */
async function whileChurning(map: BpfMap, prefix: number[], work: () => void): Promise<number> {
	const stop = new Int32Array(new SharedArrayBuffer(4));
	const { fd, keySize, valueSize } = map;
	const workerData: Churn = { fd, keySize, valueSize, firstKey: STABLE, keys: CHURNING, prefix, stop };
	const worker = new Worker(new URL("./churn-worker.ts", import.meta.url), { workerData });
	// Its exit may come in one go with its last message, before anyone who awaits that can ask for it.
	const exited = once(worker, "exit");
	try {
		await once(worker, "message");
		work();
	} finally {
		Atomics.store(stop, 0, 1);
	}
	const [changes] = await once(worker, "message");
	await exited;
	return changes as number;
}

/** `struct { __u32 prefixlen; __be32 number; }` with all bits in the prefix. */
const wholeKey: Codec<number> = {
	name: "struct whole",
	size: 8,
	encode(number, view, offset) {
		u32.encode(32, view, offset);
		be32.encode(number, view, offset + 4);
	},
	decode: (view, offset) => be32.decode(view, offset + 4),
};

interface Subject {
	words: string;
	type: MapType;
	flags: number;
	prefix: number[];
	open(map: BpfMap): MapTable<number, bigint>;
}

const byKey: MapCalls = { ...kernelMapCalls, lookupBatch: () => -524 };
const hash = { type: "hash" as const, flags: 0, prefix: [] };
const lpm = { type: "lpm_trie" as const, flags: 1, prefix: [32, 0, 0, 0] };
const subjects: Subject[] = [
	{ ...hash, words: "a hash", open: (map) => openHash(map, { key: be32, value: u64 }) },
	{
		...hash,
		words: "a hash without batches",
		open: (map) => openHash(map, { key: be32, value: u64, calls: byKey }),
	},
	{ ...lpm, words: "an LPM trie", open: (map) => openLpmTrie(map, { key: wholeKey, value: u64 }) },
	{
		...lpm,
		words: "an LPM trie without batches",
		open: (map) => openLpmTrie(map, { key: wholeKey, value: u64, calls: byKey }),
	},
];

for (const { words, type, flags, prefix, open } of subjects) {
	test.serial(
		`entries that stay come exactly once from ${words} while another thread changes the others`,
		async (t) => {
			const keySize = prefix.length + 4;
			using map = createMap({
				name: "churn",
				type,
				keySize,
				valueSize: 8,
				maxEntries: STABLE + CHURNING,
				flags,
			});
			const table = open(map);
			table.setAll(Array.from({ length: STABLE }, (_, key) => [key, BigInt(key)] as const));
			const changes = await whileChurning(map, prefix, () => {
				for (let round = 0; round < ROUNDS; round++) {
					const times = new Uint8Array(STABLE + CHURNING);
					for (const [key, value] of table.entries()) {
						times[key] = (times[key] ?? 0) + 1;
						if (key < STABLE && value !== BigInt(key)) t.fail(`${key} has the value ${value}`);
					}
					t.true(times.subarray(0, STABLE).every((count) => count === 1));
				}
			});
			t.log(`${changes} changes during ${ROUNDS} readings`);
			t.true(changes > 1000);
		},
	);
}
