/** `scripts/bench maps`: calls into libbpf, map entries alone and in batches, diff, and events of a ring buffer. */
import {
	BpfError,
	type Codec,
	createMap,
	Errno,
	kernelMapCalls,
	type MapCalls,
	type Program,
	possibleCpus,
} from "bpf-loader";
import { diff, type MapTable, openHash, openRingBuffer } from "bpf-maps";
import { loadC, PACKET } from "../../maps/test/kernel/compile.ts";
import { type Figure, runPart } from "./figure.ts";

/** The best of so many runs counts: what is above it is other work on the machine. */
const RUNS = 5;
const CALLS = 1_000_000;
const RING_BYTES = 1 << 24;

/** 20 bytes with a number in them: as large as a frontend's key and value, and next to nothing to encode. */
const numbered: Codec<number> = {
	name: "struct numbered",
	size: 20,
	encode(number, view, offset) {
		for (let at = 4; at < 20; at += 4) view.setUint32(offset + at, 0);
		view.setUint32(offset, number);
	},
	decode: (view, offset) => view.getUint32(offset),
};

function callFigures(): Figure[] {
	possibleCpus();
	const perCall = best(CALLS, () => {
		for (let call = 0; call < CALLS; call++) possibleCpus();
	});
	return [{ name: "a call into libbpf", value: perCall, unit: "ns" }];
}

type Step = [name: string, run: (table: MapTable<number, number>) => void, baseline?: string];

function entryFigures(count: number): Figure[] {
	const keys = Array.from({ length: count }, (_, number) => number);
	const entries = keys.map((number) => [number, number] as const);
	const steps: Step[] = [
		["write one entry", (table) => each(entries, ([key, value]) => table.set(key, value))],
		["write an entry in a batch", (table) => table.setAll(entries), "write one entry"],
		["read one entry", (table) => each(keys, (key) => table.get(key))],
		["read an entry in a batch", (table) => drop(table.entries()), "read one entry"],
		["read an entry in a batch, as bytes", (table) => drop(table.chunks()), "read one entry"],
		["compare an entry with a desired one", (table) => diff(entries, table, table)],
		["delete an entry in a batch", (table) => table.deleteAll(keys)],
	];
	using map = createMap({ name: "bench", type: "hash", keySize: 20, valueSize: 20, maxEntries: count });
	const table = openHash(map, { key: numbered, value: numbered });
	const without = openHash(map, { key: numbered, value: numbered, calls: withoutBatches });
	return [
		...steps.map(([name, run, baseline]) => figureOf(name, { table, entries, run, baseline })),
		figureOf("read an entry where the kernel has no batches", {
			table: without,
			entries,
			run: (table) => drop(table.entries()),
			baseline: "read an entry in a batch",
		}),
	];
}

/** A kernel before 5.6. */
const withoutBatches: MapCalls = {
	...kernelMapCalls,
	lookupBatch: () => -524,
	updateBatch: () => -524,
	deleteBatch: () => -524,
};

interface Measured {
	table: MapTable<number, number>;
	entries: readonly (readonly [number, number])[];
	run: Step[1];
	baseline?: string | undefined;
}

/** Each run begins with every entry in place, so that a write replaces and a delete finds. */
function figureOf(name: string, { table, entries, run, baseline }: Measured): Figure {
	const value = best(
		entries.length,
		() => run(table),
		() => table.setAll(entries),
	);
	return { name, value, unit: "ns", ...(baseline !== undefined && { baseline }) };
}

function ringFigures(count: number): Figure[] {
	using object = loadC("maps.bpf.c", { maps: { events: { maxEntries: RING_BYTES } } });
	const { events } = object.maps;
	const { emit } = object.programs;
	if (!events || !emit) throw new Error("maps.bpf.c has no events or no emit");
	using ring = openRingBuffer(events, { record: (view, offset) => view.getUint32(offset, true) });
	let value = Number.POSITIVE_INFINITY;
	for (let round = 0; round < RUNS; round++) {
		write(emit, count);
		const start = process.hrtime.bigint();
		const read = ring.drain(() => {});
		value = Math.min(value, Number(process.hrtime.bigint() - start) / read);
	}
	return [{ name: "read an event of a ring buffer", value, unit: "ns" }];
}

/** A signal ends a test run early: then there are fewer events, which is as good for this. */
function write(program: Program, count: number): void {
	try {
		program.testRun({ data: PACKET, repeat: count });
	} catch (error) {
		if (!(error instanceof BpfError) || error.errno !== Errno.EINTR) throw error;
	}
}

/** Nanoseconds for each of `count`. */
function best(count: number, run: () => void, prepare: () => void = () => {}): number {
	let least = Number.POSITIVE_INFINITY;
	for (let round = 0; round < RUNS; round++) {
		prepare();
		const start = process.hrtime.bigint();
		run();
		least = Math.min(least, Number(process.hrtime.bigint() - start));
	}
	return least / count;
}

function each<T>(items: readonly T[], call: (item: T) => unknown): void {
	for (const item of items) call(item);
}

function drop(items: Iterable<unknown>): void {
	for (const _ of items);
}

await runPart(async (quick) => {
	const count = quick ? 20_000 : 200_000;
	return [...callFigures(), ...entryFigures(count), ...ringFigures(count)];
});
