/** CLOCK_MONOTONIC now, in ns: the clock of every time in our maps. */
export function monotonicNs(): bigint {
	return process.hrtime.bigint();
}

/** How long ago a time of our maps was, in ms; never negative, since the programs may read a coarser clock. */
export function sinceMs(ns: bigint, nowNs: bigint): number {
	return Math.max(0, Number((nowNs - ns) / 1_000_000n));
}
