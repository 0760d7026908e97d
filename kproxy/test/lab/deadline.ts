const SLICES = 4;

/**
 * Calls `expired` after that many milliseconds, unless the function that it returns is called first. The time
 * is waited for in slices: where the machine stands still for seconds, as virtual ones do, one slice passes and
 * not all, for nobody had a chance to answer.
 */
export function startDeadline(timeoutMs: number, expired: () => void): () => void {
	let left = SLICES;
	const timer = setInterval(() => {
		if (--left > 0) return;
		clearInterval(timer);
		expired();
	}, timeoutMs / SLICES);
	return () => clearInterval(timer);
}
