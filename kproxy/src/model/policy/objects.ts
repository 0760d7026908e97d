/** The parts of API objects that policy reads; objects.ts has those of Services. */

/** `v1` Pod, as far as policy reads it. There may be tens of thousands: all text is shared. */
export interface PodObject {
	kind: "Pod";
	namespace: string;
	name: string;
	labels: Readonly<Record<string, string>>;
	/** `status.podIPs` in their one spelling; empty until it has any, and once it has ended. */
	addresses: readonly string[];
	/** Empty until it is placed. */
	nodeName: string;
	/** It has the node's addresses, so it counts as its node. */
	hostNetwork: boolean;
	/** Ports of its containers that have a name. */
	ports: readonly NamedPort[];
}

/** A name that a pod gives to one of its ports. */
export interface NamedPort {
	name: string;
	protocol: PolicyProtocol;
	port: number;
}

/** `v1` Namespace, as far as policy reads it. */
export interface NamespaceObject {
	kind: "Namespace";
	namespace: "";
	name: string;
	labels: Readonly<Record<string, string>>;
}

/** `networking.k8s.io/v1` NetworkPolicy. */
export interface NetworkPolicyObject {
	kind: "NetworkPolicy";
	namespace: string;
	name: string;
	podSelector: Selector;
	/** Directions in which the pods that it selects are isolated. */
	isolates: readonly PolicyDirection[];
	ingress: readonly PolicyRule[];
	egress: readonly PolicyRule[];
}

export type PolicyDirection = "ingress" | "egress";
export type PolicyProtocol = "TCP" | "UDP" | "SCTP";

/** One entry of `spec.ingress` or `spec.egress`. */
export interface PolicyRule {
	/** Empty: everybody. */
	peers: readonly PolicyPeer[];
	/** Empty: every port and protocol. */
	ports: readonly PolicyPort[];
}

/** Pods by labels, or a block of addresses. `namespaces` undefined: the policy's own. */
export type PolicyPeer =
	| { pods: Selector; namespaces: Selector | undefined }
	| { cidr: string; except: readonly string[] };

/** Ports of one protocol: a range of numbers, a name, or, with `ports` undefined, all. */
export interface PolicyPort {
	protocol: PolicyProtocol;
	ports: { first: number; last: number } | { name: string } | undefined;
}

/** A label selector as its requirements, in a fixed order; none: everything. */
export type Selector = readonly Requirement[];

/** One requirement; `values` is sorted, and empty for Exists and DoesNotExist. */
export interface Requirement {
	key: string;
	operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
	values: readonly string[];
}
