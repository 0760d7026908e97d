import test from "ava";
import fc from "fast-check";
import { byteIndex } from "../src/byte-index.ts";

const KEY_BYTES = 2;
// Few different keys, so that sequences hit the same one again and again.
const key = fc.uint8Array({ minLength: KEY_BYTES, maxLength: KEY_BYTES, max: 5 });
const step = fc.record({ verb: fc.constantFrom("add", "remove"), key });

test("a byte index holds what a Set would after any sequence of adds and removes", (t) => {
	const property = fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
		const index = byteIndex(KEY_BYTES);
		const model = new Map<string, Uint8Array>();
		for (const { verb, key } of steps) {
			if (verb === "add") {
				index.add(key, 0);
				model.set(key.join(), key);
			} else {
				const had = model.delete(key.join());
				if (index.remove(key, 0) >= 0 !== had) return false;
			}
		}
		const numbers = new Set([...model.values()].map((wanted) => index.find(wanted, 0)));
		return index.size === model.size && numbers.size === model.size && !numbers.has(-1);
	});
	t.notThrows(() => fc.assert(property, { seed: 20261120, numRuns: 300 }));
});

test("a byte index keeps 100,000 keys apart, finds each and no other", (t) => {
	const index = byteIndex(8);
	const bytes = new Uint8Array(8);
	const view = new DataView(bytes.buffer);
	const write = (number: number) => view.setFloat64(0, number * 1.5);
	for (let number = 0; number < 100_000; number++) {
		write(number);
		t.is(index.add(bytes, 0), number);
	}
	write(77_777);
	t.is(index.find(bytes, 0), 77_777);
	write(100_001);
	t.is(index.find(bytes, 0), -1);
	t.is(index.size, 100_000);
});

test("a byte index gives a removed key's number to the next new key", (t) => {
	const index = byteIndex(1);
	for (const number of [1, 2, 3]) index.add(Uint8Array.of(number), 0);
	t.is(index.remove(Uint8Array.of(2), 0), 1);
	t.false(index.holds(1));
	t.is(index.add(Uint8Array.of(9), 0), 1);
	t.true(index.holds(1));
	t.is(index.numbers, 3);
});
