import type { Frontend } from "../dataplane/generated/sock_lb.ts";
import type { Region } from "./adopt.ts";

/** What a row has given up, and what nothing may be done with while somebody may still be on the way there. */
export interface Retired {
	/** Backends that the range led to. */
	numbers: readonly number[];
	/** Backends without a slot: nobody was sent there. */
	draining: readonly number[];
	/** Slots that the range lay in. */
	region: Region | undefined;
	/** Service number, where the row is gone. */
	service: number | undefined;
	/** Frontends that led there, by `frontendText`. */
	keys: readonly string[];
}

/** What the kernel holds for a frontend; `unknown` after a write whose outcome could not be read. */
export type KernelFrontend = Frontend | undefined | "unknown";

/**
 * Two waits in a row: until no frontend in the kernel leads there, then until the grace period has passed, for a
 * program that had read the frontend just before. Free is what comes out.
 */
export interface RetiredQueue {
	add(retired: Retired): void;
	/** Moves on what no frontend leads to any more, and returns it. */
	settle(options: { frontendAt: (text: string) => KernelFrontend; nowMs: number }): Retired[];
	/** Takes out what has waited long enough. */
	takeExpired(nowMs: number): Retired[];
	/** When the next one expires, on the same clock; undefined where none waits for that. */
	nextExpiryMs(): number | undefined;
	readonly size: number;
}

/** An empty queue. `graceMs`: how long a program in the kernel may take, generously. */
export function createRetiredQueue(graceMs: number): RetiredQueue {
	let dialled: Retired[] = [];
	/** In the order of expiry: the grace period is the same for all. */
	const cooling: { retired: Retired; expiresMs: number }[] = [];
	return {
		add(retired) {
			dialled.push(retired);
		},
		settle({ frontendAt, nowMs }) {
			const settled: Retired[] = [];
			const still: Retired[] = [];
			for (const retired of dialled) {
				const pointed = retired.keys.some((text) => leadsTo(retired, frontendAt(text)));
				(pointed ? still : settled).push(retired);
			}
			dialled = still;
			for (const retired of settled) cooling.push({ retired, expiresMs: nowMs + graceMs });
			return settled;
		},
		takeExpired(nowMs) {
			const waiting = cooling.findIndex(({ expiresMs }) => expiresMs > nowMs);
			const expired = cooling.splice(0, waiting < 0 ? cooling.length : waiting);
			return expired.map(({ retired }) => retired);
		},
		nextExpiryMs: () => cooling[0]?.expiresMs,
		get size() {
			return dialled.length + cooling.length;
		},
	};
}

function leadsTo(retired: Retired, frontend: KernelFrontend): boolean {
	if (frontend === undefined) return false;
	if (frontend === "unknown") return true;
	if (frontend.service === retired.service) return true;
	const { region } = retired;
	return region !== undefined && (overlap(region, frontend.internal) || overlap(region, frontend.external));
}

function overlap(region: Region, { first, count }: { first: number; count: number }): boolean {
	return count > 0 && first < region.first + region.count && region.first < first + count;
}
