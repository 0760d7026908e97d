import { type Frontend, FrontendFlag } from "../dataplane/generated/sock_lb.ts";
import { sameRange } from "../dataplane/tables.ts";
import type { TrafficPolicy } from "./row.ts";
import type { SlotRange } from "./slot-allocator.ts";

/** The slots of each policy in a row that the kernel had at start; undefined where no frontend has the policy. */
export type PolicySpans = Record<TrafficPolicy, SlotRange | undefined>;

/** The policies of a frontend that the kernel had at start: the maps have the slots and one flag. */
export function policiesOf(value: Pick<Frontend, "internal" | "external" | "flags">): {
	internal: TrafficPolicy;
	external: TrafficPolicy;
} {
	const local = (value.flags & FrontendFlag.LOCAL_EXTERNAL) !== 0;
	// With the same slots for both it may be a ClusterIP's internalTrafficPolicy, or every endpoint is here.
	const same = sameRange(value.internal, value.external);
	return { internal: local && same ? "Local" : "Cluster", external: local ? "Local" : "Cluster" };
}

/** Which slots are whose, by what the frontends of a row lead to. */
export function guessPolicies(values: readonly Frontend[]): PolicySpans {
	const spans: PolicySpans = { Cluster: undefined, Local: undefined };
	for (const value of values) {
		const { internal, external } = policiesOf(value);
		spans[internal] = unite(spans[internal], value.internal);
		spans[external] = unite(spans[external], value.external);
	}
	return spans;
}

/** A row that was caught between two frontends has two ranges; an empty one lies nowhere. */
function unite(a: SlotRange | undefined, b: SlotRange): SlotRange {
	if (a === undefined || a.count === 0) return b;
	if (b.count === 0) return a;
	const first = Math.min(a.first, b.first);
	return { first, count: Math.max(a.first + a.count, b.first + b.count) - first };
}
