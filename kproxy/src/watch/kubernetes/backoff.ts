/** Bounds of the waits between tries, in ms. */
export interface BackoffLimits {
	baseMs: number;
	maxMs: number;
}

/**
 * Wait before the next try after that many failures in a row (1 or more): doubles from `baseMs` to `maxMs`, times 0.5 to
 * 1.5 at random, so that the nodes of a cluster do not come back all at once. `random` gives numbers from 0 to 1.
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: () => number): number {
	const doubled = limits.baseMs * 2 ** Math.min(failures - 1, 20);
	return Math.min(doubled, limits.maxMs) * (0.5 + random());
}
