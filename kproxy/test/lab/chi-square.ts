/** How far the counts are from all being as expected. */
export function chiSquare(counts: readonly number[], expected: number): number {
	return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** What chi-square exceeds once in a million runs of an even spread (Wilson and Hilferty's approximation). */
export function chiSquareBound(degreesOfFreedom: number): number {
	if (degreesOfFreedom === 0) return 0;
	const sigmas = 4.753;
	const variance = 2 / (9 * degreesOfFreedom);
	return degreesOfFreedom * (1 - variance + sigmas * Math.sqrt(variance)) ** 3;
}
