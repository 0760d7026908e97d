/**
 * The parts of API objects that the model reads. The watch keeps only these: a list of 10,000 Services
 * with managed fields and status weighs ten times as much.
 */
import type { NamespaceObject, NetworkPolicyObject, PodObject } from "./policy/objects.ts";

/** `v1` Service, as far as the model reads it. */
export interface ServiceObject {
	kind: "Service";
	namespace: string;
	name: string;
	labels: Readonly<Record<string, string>>;
	/** `metadata.creationTimestamp` in ms since the epoch; undefined in a manifest that has none. */
	createdMs: number | undefined;
	type: "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName";
	/** Both families, in the order of `spec.clusterIPs`; empty for headless and ExternalName. */
	clusterIPs: readonly string[];
	/** As written, both families. */
	externalIPs: readonly string[];
	/** `status.loadBalancer.ingress[].ip` of those that nodes answer themselves (`ipMode: VIP`), both families. */
	loadBalancerIPs: readonly string[];
	/** CIDRs as written, both families. */
	loadBalancerSourceRanges: readonly string[];
	ports: readonly ServicePort[];
	/** Of `sessionAffinity: ClientIP`; 0 where there is none. */
	affinityTimeoutS: number;
	externalTrafficPolicy: "Cluster" | "Local";
	internalTrafficPolicy: "Cluster" | "Local";
	/** 0 where there is none. */
	healthCheckNodePort: number;
}

/** One of a Service's ports; `nodePort` is 0 where it has none. */
export interface ServicePort {
	name: string;
	protocol: "TCP" | "UDP" | "SCTP";
	port: number;
	nodePort: number;
}

/** `discovery.k8s.io/v1` EndpointSlice, as far as the model reads it. */
export interface EndpointSliceObject {
	kind: "EndpointSlice";
	namespace: string;
	name: string;
	/** Label `kubernetes.io/service-name`; empty where the slice belongs to none. */
	service: string;
	addressType: "IPv4" | "IPv6" | "FQDN";
	ports: readonly { name: string; protocol: "TCP" | "UDP" | "SCTP"; port: number | undefined }[];
	endpoints: readonly SliceEndpoint[];
	/** Annotation `endpoints.kubernetes.io/last-change-trigger-time`, in ms since the epoch. */
	triggerTimeMs: number | undefined;
}

/** One endpoint of a slice. Its own zone is left out: hints alone decide who is near. */
export interface SliceEndpoint {
	addresses: readonly string[];
	ready: boolean;
	serving: boolean;
	terminating: boolean;
	nodeName: string | undefined;
	/** Names of `hints.forZones` and `hints.forNodes`; one shared empty list where there are none. */
	forZones: readonly string[];
	forNodes: readonly string[];
}

/** `v1` Node, as far as the model reads it. */
export interface NodeObject {
	kind: "Node";
	namespace: "";
	name: string;
	/** Label `topology.kubernetes.io/zone`; empty where it has none. */
	zone: string;
	addresses: readonly NodeAddress[];
	podCIDRs: readonly string[];
	/** It has a deletionTimestamp, or the taint that the cluster autoscaler puts on a node before that. */
	deleting: boolean;
}

/** An address of a node, of `status.addresses`. */
export interface NodeAddress {
	type: "InternalIP" | "ExternalIP";
	address: string;
}

/** `networking.k8s.io/v1` ServiceCIDR, as far as the model reads it. */
export interface ServiceCIDRObject {
	kind: "ServiceCIDR";
	namespace: "";
	name: string;
	cidrs: readonly string[];
}

/** What policy reads besides. */
export type PolicyApiObject = PodObject | NamespaceObject | NetworkPolicyObject;

export type ApiObject =
	| ServiceObject
	| EndpointSliceObject
	| NodeObject
	| ServiceCIDRObject
	| PolicyApiObject;
export type Kind = ApiObject["kind"];

/** Every kind that Services need. */
export const SERVICE_KINDS: readonly Kind[] = ["Service", "EndpointSlice", "Node", "ServiceCIDR"];
/** Every kind that policy needs besides. */
export const POLICY_KINDS: readonly Kind[] = ["Namespace", "Pod", "NetworkPolicy"];
export const KINDS: readonly Kind[] = [...SERVICE_KINDS, ...POLICY_KINDS];

const CLUSTER_WIDE: ReadonlySet<Kind> = new Set<Kind>(["Node", "ServiceCIDR", "Namespace"]);

/** Whether objects of a kind lie in a namespace; those of the others have the namespace "". */
export function isNamespaced(kind: Kind): boolean {
	return !CLUSTER_WIDE.has(kind);
}

/** How an object is written, as in `Service shop/web` and `Node node-a`. */
export function objectKey({
	kind,
	namespace,
	name,
}: {
	kind: Kind;
	namespace: string;
	name: string;
}): string {
	return isNamespaced(kind) ? `${kind} ${namespace}/${name}` : `${kind} ${name}`;
}
