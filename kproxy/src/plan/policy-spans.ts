import { type Frontend, FrontendFlag } from "../dataplane/generated/sock_lb.ts";
import { sameRange } from "../dataplane/tables.ts";
import type { TrafficPolicy } from "./row.ts";
import type { SlotRange } from "./slot-allocator.ts";

/** The slots of each policy in a row that the kernel had at start. */
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

/** Which slots are whose. Where only one policy is seen its slots may be the other's too, and are taken for both. */
export function guessPolicies(values: readonly Frontend[]): PolicySpans {
	const spans: PolicySpans = { Cluster: undefined, Local: undefined };
	for (const value of values) {
		const { internal, external } = policiesOf(value);
		spans[internal] ??= value.internal;
		spans[external] ??= value.external;
	}
	return { Cluster: spans.Cluster ?? spans.Local, Local: spans.Local ?? spans.Cluster };
}
