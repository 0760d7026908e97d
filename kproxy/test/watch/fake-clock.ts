import type { Clock } from "../../src/watch/clock.ts";

/** A clock whose time only a test moves, and that does not make anybody wait. */
export interface FakeClock extends Clock {
	/** The waits that were asked for, in ms. */
	readonly sleeps: readonly number[];
	advance(ms: number): void;
}

/** A clock at some moment. Sleeping moves it. */
export function createFakeClock(): FakeClock {
	let nowMs = Date.parse("2026-11-20T12:00:00Z");
	const sleeps: number[] = [];
	return {
		sleeps,
		now: () => nowMs,
		async sleep(ms) {
			sleeps.push(ms);
			nowMs += ms;
			// Lets sockets get their turn.
			await new Promise((resolve) => setTimeout(resolve, 1));
		},
		advance(ms) {
			nowMs += ms;
		},
	};
}
