import { setTimeout as delay } from "node:timers/promises";

/** Time as the sources see it; tests give their own. */
export interface Clock {
	/** Milliseconds since the epoch. */
	now(): number;
	/** Resolves after that many milliseconds, or at once when aborted. */
	sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
	now: () => Date.now(),
	async sleep(ms, signal) {
		try {
			await delay(ms, undefined, { signal });
		} catch (error) {
			if (!signal.aborted) throw error;
		}
	},
};
