/** A run of slots. */
export interface SlotRange {
	first: number;
	count: number;
}

/**
 * Hands out runs of slots. Free runs are kept in lists by size class (powers of two) and joined with their free
 * neighbours when they come back, so that neither call depends on how many runs there are.
 */
export interface SlotAllocator {
	/** First slot of a free run of `count` (at least 1), or undefined where no run is long enough. */
	allocate(count: number): number | undefined;
	/** Gives a run back. It must have been allocated, in whole. */
	free(range: SlotRange): void;
	/** Slots in use. */
	readonly used: number;
	/** Slots in the longest free run. Walks the lists: for messages. */
	longestFree(): number;
}

interface State {
	/** First slots of the free runs of 2^i to 2^(i+1)-1 slots. */
	classes: Set<number>[];
	/** Free run by its first slot: slots in it. */
	countAt: Map<number, number>;
	/** Free run by the slot after its last: its first slot. */
	firstByEnd: Map<number, number>;
	used: number;
}

/** How many runs of a size class are tried before the next class, where every run fits. */
const TRIES = 8;

/** Slots 0 to `limit` - 1, of which `occupied` (sorted, disjoint) are in use. */
export function createSlotAllocator(options: {
	limit: number;
	occupied: readonly SlotRange[];
}): SlotAllocator {
	const state: State = {
		classes: Array.from({ length: 32 }, () => new Set<number>()),
		countAt: new Map(),
		firstByEnd: new Map(),
		used: options.limit,
	};
	let at = 0;
	for (const { first, count } of [...options.occupied, { first: options.limit, count: 0 }]) {
		if (first > at) release(state, { first: at, count: first - at });
		at = first + count;
	}
	return {
		allocate: (count) => allocate(state, count),
		free: (range) => release(state, range),
		get used() {
			return state.used;
		},
		longestFree() {
			let longest = 0;
			for (const count of state.countAt.values()) longest = Math.max(longest, count);
			return longest;
		},
	};
}

function allocate(state: State, count: number): number | undefined {
	const first = findRun(state, count);
	if (first === undefined) return undefined;
	const found = state.countAt.get(first) ?? 0;
	unlist(state, { first, count: found });
	if (found > count) list(state, { first: first + count, count: found - count });
	state.used += count;
	return first;
}

function findRun(state: State, count: number): number | undefined {
	const own = sizeClass(count);
	const near = fitting(state, { sizeClass: own, count, tries: TRIES });
	if (near !== undefined) return near;
	for (let above = own + 1; above < state.classes.length; above += 1) {
		const [first] = state.classes[above] ?? [];
		if (first !== undefined) return first;
	}
	// Almost full: look at every run of the class before saying no.
	return fitting(state, { sizeClass: own, count, tries: Number.POSITIVE_INFINITY });
}

function fitting(
	state: State,
	options: { sizeClass: number; count: number; tries: number },
): number | undefined {
	let tries = options.tries;
	for (const first of state.classes[options.sizeClass] ?? []) {
		if ((state.countAt.get(first) ?? 0) >= options.count) return first;
		tries -= 1;
		if (tries === 0) return undefined;
	}
	return undefined;
}

function release(state: State, { first, count }: SlotRange): void {
	state.used -= count;
	const joined = { first, count };
	const before = state.firstByEnd.get(first);
	if (before !== undefined) {
		const left = { first: before, count: first - before };
		unlist(state, left);
		joined.first = before;
		joined.count += left.count;
	}
	const after = state.countAt.get(first + count);
	if (after !== undefined) {
		unlist(state, { first: first + count, count: after });
		joined.count += after;
	}
	list(state, joined);
}

function list(state: State, { first, count }: SlotRange): void {
	state.classes[sizeClass(count)]?.add(first);
	state.countAt.set(first, count);
	state.firstByEnd.set(first + count, first);
}

function unlist(state: State, { first, count }: SlotRange): void {
	state.classes[sizeClass(count)]?.delete(first);
	state.countAt.delete(first);
	state.firstByEnd.delete(first + count);
}

function sizeClass(count: number): number {
	return 31 - Math.clz32(count);
}
