const UNITS = [
	{ letter: "d", ms: 86_400_000 },
	{ letter: "h", ms: 3_600_000 },
	{ letter: "m", ms: 60_000 },
	{ letter: "s", ms: 1000 },
] as const;

/** A span of time as kubectl writes ages: its largest unit, as in `3m`; below a second `0s`. */
export function formatAge(spanMs: number): string {
	const unit = UNITS.find(({ ms }) => spanMs >= ms) ?? UNITS[3];
	return `${Math.max(0, Math.floor(spanMs / unit.ms))}${unit.letter}`;
}

/** Bytes as people say them, as in `12.5 MiB`. */
export function formatBytes(bytes: number): string {
	if (bytes < 1024) {
		return `${bytes} B`;
	}
	return bytes < 1 << 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}

/** A share of a limit, as in `37%`; more than nothing is never `0%`. */
export function formatShare(used: number, limit: number): string {
	const percent = limit === 0 ? 0 : (100 * used) / limit;
	return percent > 0 && percent < 1 ? "<1%" : `${Math.floor(percent)}%`;
}
