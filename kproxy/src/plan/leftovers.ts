import { BackendState, type FrontendKey, type RangeKey } from "../dataplane/generated/sock_lb.ts";
import { isRange } from "../dataplane/source-ranges.ts";
import { isGuard, type Mirror, sameFrontend } from "../dataplane/tables.ts";
import type { PlannedRow, Region } from "./adopt.ts";
import { guardOf } from "./frontends.ts";

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
	/** Guards of others that are not what they should be. */
	spoiltGuards: FrontendKey[];
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
	const ranges = [...mirror.ranges.values()].filter(
		(key) => !isRange(key) || !used.services.has(key.service),
	);
	return {
		numbers,
		services,
		ranges,
		...sortGuards(mirror),
		regions: leftoverRuns(mirror.slots, used.regions),
	};
}

function sortGuards({ frontends }: Mirror): Pick<Leftovers, "guards" | "spoiltGuards"> {
	const entries = [...frontends.values()];
	const served = new Set(entries.filter(({ key }) => !isGuard(key)).map(({ key }) => key.address));
	const guards: FrontendKey[] = [];
	const spoiltGuards: FrontendKey[] = [];
	for (const { key, value } of entries) {
		if (!isGuard(key)) continue;
		if (!served.has(key.address)) guards.push(key);
		else if (!sameFrontend(value, guardOf(key.address).value)) spoiltGuards.push(key);
	}
	return { guards, spoiltGuards };
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
