import test from "ava";
import fc from "fast-check";
import { createItemSplitter } from "../../../src/watch/kubernetes/item-splitter.ts";
import { createLineSplitter } from "../../../src/watch/kubernetes/line-splitter.ts";

const SEED = { seed: 20261120, numRuns: 300 };

/** The bytes in pieces of the given sizes, over and over. */
function* pieces(text: string, sizes: readonly number[]): Generator<Uint8Array> {
	const bytes = Buffer.from(text);
	for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
		const size = sizes[turn % sizes.length] as number;
		yield bytes.subarray(at, at + size);
		at += size;
	}
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

test("Lines come out as they went in, however the bytes are cut", (t) => {
	const line = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !text.includes("\n"));
	fc.assert(
		fc.property(fc.array(line), fc.string({ unit: "grapheme" }), sizes, (lines, rest, cuts) => {
			const seen: string[] = [];
			const splitter = createLineSplitter({
				onLine: (text) => void seen.push(text),
				onTooLong: () => t.fail(),
				maxBytes: 1 << 20,
			});
			const unfinished = rest.replaceAll("\n", "");
			for (const piece of pieces(lines.map((text) => `${text}\n`).join("") + unfinished, cuts))
				splitter.push(piece);
			t.deepEqual(seen, lines);
		}),
		SEED,
	);
});

test("A line beyond the limit is dropped whole and told, and the next one is read", (t) => {
	const seen: string[] = [];
	const splitter = createLineSplitter({
		onLine: (text) => void seen.push(text),
		onTooLong: () => void seen.push("(too long)"),
		maxBytes: 10,
	});
	for (const piece of pieces(`short\n${"x".repeat(100)}\n\nlast\n`, [7])) splitter.push(piece);
	t.deepEqual(seen, ["short", "(too long)", "last"]);
});

test("Items of a list come out one by one, however the bytes are cut, and the rest stays", (t) => {
	const json = fc.jsonValue({ stringUnit: "grapheme" });
	const item = fc.record({ spec: json, note: fc.string({ unit: "grapheme" }) });
	const metadata = fc.record({
		resourceVersion: fc.string(),
		odd: fc.constantFrom('"]}', "{[", "\\", '\\"'),
	});
	fc.assert(
		fc.property(fc.array(item), metadata, sizes, fc.boolean(), (items, meta, cuts, itemsFirst) => {
			const seen: unknown[] = [];
			const splitter = createItemSplitter((text) => void seen.push(JSON.parse(text)));
			const list = itemsFirst ? { items, metadata: meta } : { metadata: meta, items };
			for (const piece of pieces(JSON.stringify(list), cuts)) splitter.push(piece);
			t.deepEqual(seen, JSON.parse(JSON.stringify(items)));
			t.deepEqual(JSON.parse(splitter.envelope()), { metadata: meta, items: items.map(() => 0) });
		}),
		SEED,
	);
});

test("A list that breaks off gives the items that are whole, and an envelope that is no JSON", (t) => {
	const seen: string[] = [];
	const splitter = createItemSplitter((text) => void seen.push(text));
	splitter.push(Buffer.from('{"items":[{"a":1},{"b":'));
	t.deepEqual(seen, ['{"a":1}']);
	t.throws(() => JSON.parse(splitter.envelope()));
});
