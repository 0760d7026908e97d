/**
 * The parts of API objects that the model reads. The watch keeps only these: a list of 10,000 Services
 * with managed fields and status weighs ten times as much.
 */

/** `v1` Service, as far as the model reads it. */
export interface ServiceObject {
	kind: "Service";
	namespace: string;
	name: string;
	labels: Readonly<Record<string, string>>;
	type: "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName";
	/** Both families, in the order of `spec.clusterIPs`; empty for headless and ExternalName. */
	clusterIPs: readonly string[];
	ports: readonly { name: string; protocol: "TCP" | "UDP" | "SCTP"; port: number }[];
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
	endpoints: readonly {
		addresses: readonly string[];
		ready: boolean;
		serving: boolean;
		terminating: boolean;
		nodeName: string | undefined;
	}[];
	/** Annotation `endpoints.kubernetes.io/last-change-trigger-time`, in ms since the epoch. */
	triggerTimeMs: number | undefined;
}

export type ApiObject = ServiceObject | EndpointSliceObject;
export type Kind = ApiObject["kind"];

/** Every kind that the model reads. */
export const KINDS: readonly Kind[] = ["Service", "EndpointSlice"];
