import type { Problem } from "../problem.ts";
import type { Claims } from "./claims.ts";
import type { ClusterFacts } from "./cluster-facts.ts";
import type { PortRange } from "./frontends.ts";
import type { Entry } from "./model-entries.ts";

/** All that a model keeps. */
export interface ModelState {
	/** By `namespace/name` of the Service. */
	entries: Map<string, Entry>;
	/** `namespace/name` of a slice to that of its Service: a deletion and a changed label do not say whose it was. */
	sliceOwners: Map<string, string>;
	claims: Claims;
	problems: Map<string, Problem>;
	facts: ClusterFacts;
	nodePortRange: PortRange;
}
