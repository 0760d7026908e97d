import test from "ava";
import { createFreeNumbers } from "../../src/plan/free-numbers.ts";

test("numbers begin at 1 and end below the limit", (t) => {
	const numbers = createFreeNumbers({ limit: 4, used: [] });
	t.deepEqual([numbers.take(), numbers.take(), numbers.take(), numbers.take()], [1, 2, 3, undefined]);
	t.is(numbers.free, 0);
	t.is(numbers.used, 3);
});

test("gaps below the highest number in use are filled first", (t) => {
	const numbers = createFreeNumbers({ limit: 10, used: [2, 5] });
	t.deepEqual(
		[1, 2, 3, 4].map(() => numbers.take()),
		[1, 3, 4, 6],
	);
});

test("of the numbers given back the one that has rested longest comes first", (t) => {
	const numbers = createFreeNumbers({ limit: 10, used: [1, 2, 3] });
	numbers.give(3);
	numbers.give(1);
	t.is(numbers.used, 1);
	t.deepEqual([numbers.take(), numbers.take(), numbers.take()], [3, 1, 4]);
});

test("a map of one entry has no number to give", (t) => {
	t.is(createFreeNumbers({ limit: 1, used: [] }).take(), undefined);
});
