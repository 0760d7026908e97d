import test from "ava";
import { bytes, type Codec, createMap, u64 } from "bpf-loader";
import { apply, diff, openHash } from "bpf-maps";

const COUNT = 1_000_000;
const MiB = 1 << 20;

/** 20 bytes with a number in them, as large as a frontend's key. */
const numbered: Codec<number> = {
	name: "struct numbered",
	size: 20,
	encode(number, view, offset) {
		for (let at = 4; at < 20; at += 4) view.setUint32(offset + at, 0);
		view.setUint32(offset, number);
	},
	decode: (view, offset) => view.getUint32(offset),
};

function* entries(): Generator<readonly [number, bigint]> {
	for (let number = 0; number < COUNT; number++) yield [number, BigInt(number)];
}

/** Runs work and reports how long it took and how far the process's memory grew meanwhile. */
function measured(work: () => void): { seconds: number; grownMiB: number } {
	const start = performance.now();
	const before = process.memoryUsage.rss();
	let peak = before;
	const sample = () => {
		peak = Math.max(peak, process.memoryUsage.rss());
	};
	sampleDuring = sample;
	work();
	sample();
	return { seconds: (performance.now() - start) / 1000, grownMiB: (peak - before) / MiB };
}

let sampleDuring: () => void = () => {};

function* sampled<T>(items: Iterable<T>): Generator<T> {
	let count = 0;
	for (const item of items) {
		if (++count % 50_000 === 0) sampleDuring();
		yield item;
	}
}

test.serial(
	"1,000,000 entries are written, read, compared and deleted in seconds and in bounded memory",
	(t) => {
		using map = createMap({ name: "million", type: "hash", keySize: 20, valueSize: 8, maxEntries: COUNT });
		const table = openHash(map, { key: numbered, value: u64 });
		const report = (
			words: string,
			{ seconds, grownMiB }: { seconds: number; grownMiB: number },
			limitMiB: number,
		) => {
			t.log(
				`${words}: ${seconds.toFixed(2)} s, ${((seconds * 1e6) / COUNT).toFixed(2)} µs an entry, +${grownMiB.toFixed(0)} MiB`,
			);
			t.true(seconds < 20, words);
			t.true(grownMiB < limitMiB, words);
		};

		report(
			"write",
			measured(() => table.setAll(sampled(entries()))),
			96,
		);

		let sum = 0;
		const read = measured(() => {
			for (const [key] of sampled(table.entries())) sum += key;
		});
		report("read", read, 96);
		t.is(sum, (COUNT * (COUNT - 1)) / 2);

		// The desired side is held: entries here, 20 bytes and a little more of each key in the index.
		const compared = measured(() => {
			t.deepEqual(diff(sampled(entries()), table, table), { set: [], delete: [], unchanged: COUNT });
		});
		report("diff", compared, 320);

		const emptied = measured(() => {
			const difference = diff([], table, table);
			t.is(apply(table, difference).deleted, COUNT);
		});
		report("delete", emptied, 160);
		t.is(table.count(), 0);
	},
);

test.serial("entries of which a chunk holds one are read, although some buckets hold several", (t) => {
	const large = bytes(MiB);
	const count = 16;
	using map = createMap({
		name: "large",
		type: "hash",
		keySize: 8,
		valueSize: large.size,
		maxEntries: count,
	});
	const table = openHash(map, { key: u64, value: large });
	const value = new Uint8Array(large.size).fill(7);
	const keys = Array.from({ length: count }, (_, key) => BigInt(key));
	table.setAll(keys.map((key) => [key, value] as const));
	t.deepEqual(
		[...table.keys()].sort((a, b) => Number(a - b)),
		keys,
	);
	t.deepEqual(table.get(2n)?.subarray(-4), value.subarray(-4));
});
