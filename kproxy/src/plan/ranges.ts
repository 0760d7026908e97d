import type { RangeKey } from "../dataplane/generated/sock_lb.ts";
import { rangeKey } from "../dataplane/source-ranges.ts";
import { rangeText } from "../dataplane/tables.ts";
import type { PlannedRow } from "./adopt.ts";
import type { ServicePortRow } from "./row.ts";
import type { PlannerState } from "./state.ts";

/** Those that come are written before frontends that need them, and those that go after: `createSync`. */
export function replaceRanges(
	state: PlannerState,
	{ service, before, now }: { service: number; before: readonly string[]; now: readonly string[] },
): void {
	if (before === now || (before.length === 0 && now.length === 0)) return;
	const old = rangeKeys(service, before);
	const wanted = rangeKeys(service, now);
	for (const [text, key] of old) {
		if (!wanted.has(text)) state.draft.ranges.set(text, { key, wanted: false });
	}
	for (const [text, key] of wanted) state.draft.ranges.set(text, { key, wanted: true });
	state.rangesUsed += wanted.size - old.size;
	state.roomFreed ||= wanted.size < old.size;
}

/** Entries of svc_ranges that a row needs while its old ones are still there. */
export function neededRanges({ sourceRanges }: ServicePortRow, previous: PlannedRow | undefined): number {
	if (sourceRanges.length === 0 || sourceRanges === previous?.sourceRanges) return 0;
	const old = rangeKeys(0, previous?.sourceRanges ?? []);
	let needed = 0;
	for (const text of rangeKeys(0, sourceRanges).keys()) if (!old.has(text)) needed += 1;
	return needed;
}

/** By `rangeText`: two spellings of one range are one entry. */
function rangeKeys(service: number, cidrs: readonly string[]): Map<string, RangeKey> {
	const keys = new Map<string, RangeKey>();
	for (const cidr of cidrs) {
		const key = rangeKey(service, cidr);
		keys.set(rangeText(key), key);
	}
	return keys;
}
