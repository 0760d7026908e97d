import { Direction, Hook, hookDocs, Reason, reasonDocs } from "./generated/sock_lb.ts";
import type { ServiceMaps } from "./service-maps.ts";

/** One outcome at one hook, as often as it happened since the counters were pinned. */
export interface Outcome {
	/** Name in reasons.h, as in `NO_BACKEND`. */
	reason: string;
	/** What the reason means, one sentence. */
	sentence: string;
	/** Name in reasons.h, as in `CONNECT`. */
	hook: string;
	direction: string;
	/** Dropped, rejected, or refused: the caller got an error. */
	refused: boolean;
	packets: bigint;
	bytes: bigint;
}

const reasonNames = namesOf(Reason, reasonDocs);
const hookNames = namesOf(Hook, hookDocs);
const directionNames: ReadonlyMap<number, string> = new Map([
	[Direction.EGRESS, "EGRESS"],
	[Direction.INGRESS, "INGRESS"],
]);

/** Every outcome that has happened, in the order of reasons.h. Cost: reads the counters map once. */
export function readOutcomes(counters: ServiceMaps["counters"]): Outcome[] {
	const outcomes: Outcome[] = [];
	for (const [index, perCpu] of counters.entries()) {
		const packets = perCpu.reduce((sum, counter) => sum + counter.packets, 0n);
		if (packets > 0n) {
			outcomes.push({
				...nameIndex(index),
				packets,
				bytes: perCpu.reduce((sum, each) => sum + each.bytes, 0n),
			});
		}
	}
	return outcomes;
}

/** maps.h: index is (reason * HOOK_COUNT + hook) * DIRECTION_COUNT + direction. */
function nameIndex(index: number): Omit<Outcome, "packets" | "bytes"> {
	return eventNames({
		direction: index % Direction.COUNT,
		hook: Math.floor(index / Direction.COUNT) % Hook.COUNT,
		reason: Math.floor(index / Direction.COUNT / Hook.COUNT),
	});
}

/** Names for the numbers of reasons.h. */
export function eventNames({
	reason,
	hook,
	direction,
}: {
	reason: number;
	hook: number;
	direction: number;
}): Omit<Outcome, "packets" | "bytes"> {
	const name = reasonNames.get(reason) ?? `reason ${reason}`;
	return {
		reason: name,
		sentence:
			(reasonDocs as Readonly<Record<string, string>>)[name] ?? "Not known to this version of kproxy.",
		hook: hookNames.get(hook) ?? `hook ${hook}`,
		direction: directionNames.get(direction) ?? `direction ${direction}`,
		refused: reason >= Reason.REFUSED,
	};
}

/** Only names that have a sentence: limits and counts of the enum are no values. */
function namesOf(values: Readonly<Record<string, number>>, docs: object): ReadonlyMap<number, string> {
	return new Map(Object.keys(docs).map((name) => [values[name] ?? -1, name]));
}
