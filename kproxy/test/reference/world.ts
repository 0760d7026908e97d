/** What userspace has written down: all that a packet's way depends on, but for what the packet path remembers. */
export interface World {
	frontends: Frontend[];
	backends: Map<number, Backend>;
	nodeAddresses: { address: string; loopback: boolean }[];
	serviceCidrs: readonly string[];
	podCidrs: readonly string[];
	/** By index; 0 is the node's own. */
	devices: Map<number, { ipv4: string; ipv6: string }>;
	/** Index of the device that every route leaves by. */
	routeDevice: number;
	tunables: Tunables;
	/** Undefined: policy is not enforced. */
	policy?: Policy | undefined;
}

/** What policy says of the pods behind the interface that packets come by. */
export interface Policy {
	/** By address. */
	pods: ReadonlyMap<string, PodPolicy>;
	/** Established flows are judged again when policy has changed. */
	rechecks: boolean;
	/** It has begun a moment ago, and connections from before go on. */
	adopts: boolean;
	/** Grows with each change. */
	epoch: number;
}

/** Undefined: not isolated in that direction. */
export interface PodPolicy {
	ingress: readonly Allow[] | undefined;
	egress: readonly Allow[] | undefined;
}

/** What is undefined does not matter. */
export interface Allow {
	peer: string | undefined;
	protocol: number | undefined;
	port: number | undefined;
}

export interface Tunables {
	nodePortFirst: number;
	nodePortLast: number;
	snatPortFirst: number;
	snatPortLast: number;
	udpTimeoutS: number;
	masqueradeAll: boolean;
	coarseClock: boolean;
}

export interface Frontend {
	/** `::` or `0.0.0.0` for a NodePort. */
	address: string;
	/** 0 with protocol 0: a guard. */
	port: number;
	protocol: number;
	/** Backend numbers; `beyond`: a range outside of all slots. */
	internal: readonly number[] | "beyond";
	external: readonly number[];
	service: number;
	affinityTimeoutS: number;
	localExternal: boolean;
	/** Clients that may dial; undefined: all. */
	sourceRanges?: readonly string[] | undefined;
	/** Its entry does not fit its check. */
	torn?: boolean | undefined;
}

export type BackendState = "FREE" | "ACTIVE" | "TERMINATING" | "RETIRED";

export interface Backend {
	address: string;
	port: number;
	protocol: number;
	state: BackendState;
	reuse: number;
	local: boolean;
}

/** Tunables as config.h has them. */
export const ordinaryTunables: Tunables = {
	nodePortFirst: 30000,
	nodePortLast: 32767,
	snatPortFirst: 61000,
	snatPortLast: 65535,
	udpTimeoutS: 120,
	masqueradeAll: false,
	coarseClock: false,
};

/** One of the four programs. */
export type Hook = "node ingress" | "pod ingress" | "node egress" | "pod egress";

export type Verdict = "next" | "drop" | "redirect";

/** What became of a packet. */
export interface Outcome {
	verdict: Verdict;
	/** Name in reasons.h; undefined: the program passed it uncounted, which it does without saying why. */
	reason: string | undefined;
	frame: Uint8Array;
}
