/** Hands out the numbers from 1 to `limit` - 1: first those never used, then those given back, longest unused first. */
export interface FreeNumbers {
	/** A free number, or undefined where all are in use. */
	take(): number | undefined;
	/** Gives a number back. */
	give(number: number): void;
	readonly free: number;
	readonly used: number;
}

/** All numbers free but the `used` ones (each from 1 to `limit` - 1). Number 0 stands for nothing and is never handed out. */
export function createFreeNumbers(options: { limit: number; used: Iterable<number> }): FreeNumbers {
	const used = new Set<number>();
	let highest = 0;
	for (const number of options.used) {
		used.add(number);
		highest = Math.max(highest, number);
	}
	// Gaps below the highest number are used first: a compact range touches fewer cache lines in the kernel.
	const given = new Set<number>();
	for (let number = 1; number < highest; number += 1) if (!used.has(number)) given.add(number);
	let next = highest + 1;
	let count = used.size;
	const total = Math.max(0, options.limit - 1);
	return {
		take() {
			const [first] = given;
			if (first === undefined && next >= options.limit) return undefined;
			count += 1;
			if (first === undefined) {
				next += 1;
				return next - 1;
			}
			given.delete(first);
			return first;
		},
		give(number) {
			given.add(number);
			count -= 1;
		},
		get free() {
			return total - count;
		},
		get used() {
			return count;
		},
	};
}
