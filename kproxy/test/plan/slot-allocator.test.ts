import test from "ava";
import fc from "fast-check";
import { createSlotAllocator, type SlotAllocator, type SlotRange } from "../../src/plan/slot-allocator.ts";

const settings = { seed: 20262, numRuns: 300 };
const LIMIT = 64;

/** Sizes to allocate; a negative one frees the range that has been held longest, or some other one. */
const script = fc.array(
	fc.oneof(fc.record({ allocate: fc.integer({ min: 1, max: 20 }) }), fc.record({ free: fc.nat() })),
	{ maxLength: 200 },
);

interface Run {
	allocator: SlotAllocator;
	held: SlotRange[];
	/** Slots in use, as the plainest bookkeeping has it. */
	used: boolean[];
}

function follow(
	commands: readonly ({ allocate: number } | { free: number })[],
	check: (run: Run) => void,
): Run {
	const run: Run = {
		allocator: createSlotAllocator({ limit: LIMIT, occupied: [] }),
		held: [],
		used: new Array<boolean>(LIMIT).fill(false),
	};
	for (const command of commands) {
		if ("allocate" in command) allocate(run, command.allocate);
		else free(run, command.free);
		check(run);
	}
	return run;
}

function allocate({ allocator, held, used }: Run, count: number): void {
	const fits = longestRun(used) >= count;
	const first = allocator.allocate(count);
	if ((first !== undefined) !== fits) throw new Error(`${count} slots fit: ${fits}, allocated: ${first}`);
	if (first === undefined) return;
	for (let slot = first; slot < first + count; slot += 1) {
		if (used[slot] !== false) throw new Error(`slot ${slot} was given out twice or does not exist`);
		used[slot] = true;
	}
	held.push({ first, count });
}

function free({ allocator, held, used }: Run, choice: number): void {
	const [range] = held.splice(choice % Math.max(1, held.length), 1);
	if (range === undefined) return;
	allocator.free(range);
	used.fill(false, range.first, range.first + range.count);
}

function longestRun(used: readonly boolean[]): number {
	let longest = 0;
	let run = 0;
	for (const taken of used) {
		run = taken ? 0 : run + 1;
		longest = Math.max(longest, run);
	}
	return longest;
}

test("a run is found exactly where one is long enough, and no slot is given out twice", (t) => {
	fc.assert(
		fc.property(script, (commands) => {
			follow(commands, ({ allocator, used }) => {
				t.is(allocator.used, used.filter(Boolean).length);
				t.is(allocator.longestFree(), longestRun(used));
			});
		}),
		settings,
	);
});

test("when all is given back, in any order, it is one run again", (t) => {
	fc.assert(
		fc.property(script, (commands) => {
			const run = follow(commands, () => {});
			while (run.held.length > 0) free(run, 7);
			t.is(run.allocator.used, 0);
			t.is(run.allocator.longestFree(), LIMIT);
			t.is(run.allocator.allocate(LIMIT), 0);
		}),
		settings,
	);
});

test("occupied ranges are not given out until they are freed", (t) => {
	const occupied = [
		{ first: 0, count: 2 },
		{ first: 4, count: 3 },
	];
	const allocator = createSlotAllocator({ limit: 8, occupied });
	t.is(allocator.used, 5);
	t.is(allocator.allocate(3), undefined);
	t.is(allocator.allocate(2), 2);
	t.is(allocator.allocate(1), 7);
	allocator.free({ first: 4, count: 3 });
	t.is(allocator.allocate(3), 4);
	t.is(allocator.allocate(1), undefined);
});

test("an empty map has no slots", (t) => {
	const allocator = createSlotAllocator({ limit: 0, occupied: [] });
	t.is(allocator.allocate(1), undefined);
	t.is(allocator.used, 0);
});
