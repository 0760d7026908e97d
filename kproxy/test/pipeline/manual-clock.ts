import type { Clock } from "../../src/watch/clock.ts";

/** A clock that the test turns. */
export interface ManualClock extends Clock {
	/** Turns the clock and lets everything happen that was waiting for that. */
	advance(ms: number): Promise<void>;
}

/** Begins at 0. */
export function manualClock(): ManualClock {
	let nowMs = 0;
	let sleepers: { untilMs: number; wake: () => void }[] = [];
	return {
		now: () => nowMs,
		sleep(ms, signal) {
			return new Promise((resolve) => {
				if (signal.aborted) return resolve();
				sleepers.push({ untilMs: nowMs + ms, wake: resolve });
				signal.addEventListener("abort", () => resolve(), { once: true });
			});
		},
		async advance(ms) {
			nowMs += ms;
			const due = sleepers.filter(({ untilMs }) => untilMs <= nowMs);
			sleepers = sleepers.filter(({ untilMs }) => untilMs > nowMs);
			for (const { wake } of due) wake();
			await settled();
		},
	};
}

/** Resolves when all that can happen without time has happened. */
export function settled(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}
