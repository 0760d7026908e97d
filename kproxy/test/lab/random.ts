/** Random numbers that come again with the same seed (mulberry32). */
export interface Random {
	/** From 0 up to, not including, `limit`. */
	below(limit: number): number;
	/** Some of the items, at least one, in their order. */
	someOf<T>(items: readonly T[]): T[];
}

export function createRandom(seed: number): Random {
	let state = seed;
	const next = () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
	const below = (limit: number) => Math.floor(next() * limit);
	return {
		below,
		someOf(items) {
			const certain = below(items.length);
			return items.filter((_, index) => index === certain || next() < 0.5);
		},
	};
}
