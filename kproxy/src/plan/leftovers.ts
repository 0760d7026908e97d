import { BackendState, type FrontendKey, type RangeKey } from "../dataplane/generated/sock_lb.ts";
import { isGuard, type Mirror } from "../dataplane/tables.ts";
import type { PlannedRow, Region } from "./adopt.ts";

/** What no frontend leads to: an earlier run was killed while it wrote or before it cleaned up. */
export interface Leftovers {
	/** Backend numbers. */
	numbers: number[];
	/** Slots. */
	regions: Region[];
	/** Service numbers. */
	services: number[];
	/** Source ranges of no row. */
	ranges: RangeKey[];
	/** Guards of addresses that have no frontend. */
	guards: FrontendKey[];
}

/** Everything in the maps that is not in use. `regions`: sorted, disjoint. */
export function findLeftovers(
	mirror: Mirror,
	used: { rows: ReadonlyMap<string, PlannedRow>; regions: readonly Region[]; services: ReadonlySet<number> },
): Leftovers {
	const named = new Set<number>();
	for (const row of used.rows.values()) for (const number of row.range?.numbers ?? []) named.add(number);
	const numbers: number[] = [];
	mirror.backends.forEach((cell, number) => {
		if (cell !== undefined && cell.state !== BackendState.FREE && !named.has(number)) numbers.push(number);
	});
	const services = [...mirror.names.keys()].filter((service) => service === 0 || !used.services.has(service));
	const ranges = [...mirror.ranges.values()].filter(({ service }) => !used.services.has(service));
	return {
		numbers,
		services,
		ranges,
		guards: leftoverGuards(mirror),
		regions: leftoverRuns(mirror.slots, used.regions),
	};
}

function leftoverGuards({ frontends }: Mirror): FrontendKey[] {
	const keys = Array.from(frontends.values(), ({ key }) => key);
	const guarded = new Set(keys.filter((key) => !isGuard(key)).map(({ address }) => address));
	return keys.filter((key) => isGuard(key) && !guarded.has(key.address));
}

/** Runs of slots that name a backend though no frontend points there. */
function leftoverRuns(slots: Uint32Array, regions: readonly Region[]): Region[] {
	const runs: Region[] = [];
	let at = 0;
	for (const { first, count } of [...regions, { first: slots.length, count: 0 }]) {
		let run: Region | undefined;
		for (; at < first; at += 1) {
			if (slots[at] === 0) {
				run = undefined;
			} else if (run === undefined) {
				run = { first: at, count: 1, holders: 1 };
				runs.push(run);
			} else {
				run.count += 1;
			}
		}
		at = first + count;
	}
	return runs;
}
