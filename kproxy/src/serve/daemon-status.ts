import type { FrontendView } from "../dataplane/service-view.ts";
import type { ModelOptions } from "../model/model.ts";
import type { MapUse } from "../plan/map-use.ts";
import type { Problem } from "../problem.ts";
import type { SourceStatus } from "../watch/source.ts";

/** What a daemon says of itself on its socket, at `/status`. Times are ms since the epoch. */
export interface DaemonStatus {
	pid: number;
	version: string;
	nodeName: string;
	/** What its model knows of the node: `kproxy diff` makes its own with the same. */
	node: ModelOptions;
	startedMs: number;
	/** Directory that its programs are attached to. */
	cgroup: string;
	/** Every source has been heard, and all of it is in the kernel. */
	inSync: boolean;
	/** When the kernel was last found or made to hold everything; undefined before the first time. */
	syncedMs: number | undefined;
	/** Entries that could not be written and are tried again. */
	pending: number;
	counts: { services: number; slices: number; rows: number };
	/** Undefined: NetworkPolicies are not enforced. */
	policy?: PolicyStatus;
	sources: readonly SourceStatus[];
	problems: readonly Problem[];
	use: readonly MapUse[];
}

/** What is enforced of NetworkPolicy. */
export interface PolicyStatus {
	/** Objects that are known, of all nodes. */
	policies: number;
	pods: number;
	/** Pods of this node with a network of their own. */
	localPods: number;
	/** Their addresses that are behind no interface that is known: see the problems. */
	untied: number;
	/** Entries of policy_rules. */
	rules: number;
}

/** At `/frontends`: what the sources ask for, and what the daemon believes the kernel to hold. */
export interface DaemonFrontends {
	wanted: readonly FrontendView[];
	held: readonly FrontendView[];
}
