/** Random numbers that are the same in every run. */
export interface Random {
	/** Integer from 0 to `limit` - 1. */
	below(limit: number): number;
	pick<T>(list: readonly T[]): T;
	/** True once in `count` times. */
	oneIn(count: number): boolean;
	/** Any number of bits up to 128. */
	bits(count: number): bigint;
}

/** mulberry32: small, seeded, good enough to mix test cases. */
export function seededRandom(seed: number): Random {
	let state = seed;
	const next = () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return (mixed ^ (mixed >>> 14)) >>> 0;
	};
	const below = (limit: number) => next() % limit;
	const word = () => BigInt(next());
	return {
		below,
		pick: <T>(list: readonly T[]) => list[below(list.length)] as T,
		oneIn: (count) => below(count) === 0,
		bits: (count) => BigInt.asUintN(count, word() | (word() << 32n) | (word() << 64n) | (word() << 96n)),
	};
}
