import type { Kind } from "../../model/objects.ts";

/** How the API serves a kind. */
export interface Resource {
	/** API group; empty for the core group. */
	group: string;
	/** Plural, as RBAC rules name it. */
	resource: string;
	/** Of the collection over all namespaces. */
	path: string;
	/** First minor version of Kubernetes 1 that has it. */
	sinceMinor: number;
	/** Services are served, though with less precision, where nobody may read it. */
	dispensable: boolean;
	/** Server versions of today may not have it yet. */
	optional: boolean;
}

/** Where the kinds live. */
export const RESOURCES: Readonly<Record<Kind, Resource>> = {
	Service: {
		group: "",
		resource: "services",
		path: "/api/v1/services",
		sinceMinor: 0,
		dispensable: false,
		optional: false,
	},
	EndpointSlice: {
		group: "discovery.k8s.io",
		resource: "endpointslices",
		path: "/apis/discovery.k8s.io/v1/endpointslices",
		sinceMinor: 21,
		dispensable: false,
		optional: false,
	},
	Node: {
		group: "",
		resource: "nodes",
		path: "/api/v1/nodes",
		sinceMinor: 0,
		dispensable: true,
		optional: false,
	},
	ServiceCIDR: {
		group: "networking.k8s.io",
		resource: "servicecidrs",
		path: "/apis/networking.k8s.io/v1/servicecidrs",
		sinceMinor: 33,
		dispensable: true,
		optional: true,
	},
	Namespace: {
		group: "",
		resource: "namespaces",
		path: "/api/v1/namespaces",
		sinceMinor: 0,
		dispensable: false,
		optional: false,
	},
	Pod: {
		group: "",
		resource: "pods",
		path: "/api/v1/pods",
		sinceMinor: 0,
		dispensable: false,
		optional: false,
	},
	NetworkPolicy: {
		group: "networking.k8s.io",
		resource: "networkpolicies",
		path: "/apis/networking.k8s.io/v1/networkpolicies",
		sinceMinor: 7,
		dispensable: false,
		optional: false,
	},
};

/** Labels of objects that another proxy serves, or that have no address to serve. */
export const FOREIGN_LABELS = [
	"service.kubernetes.io/service-proxy-name",
	"service.kubernetes.io/headless",
] as const;

/** Selects what is ours in list and watch, as kube-proxy does. */
const LABEL_SELECTOR = FOREIGN_LABELS.map((label) => `!${label}`).join(",");

/** Query parameters that select the objects of a kind that matter on this node. */
export type Selector = Readonly<{ labelSelector?: string; fieldSelector?: string }>;

/** A pod that has ended has its address no more. */
const RUNNING = "status.phase!=Succeeded,status.phase!=Failed";

/** What to ask for: this node alone, the pods that have not ended, and not what another proxy serves. */
export function selectorOf(kind: Kind, nodeName: string): Selector {
	if (kind === "Node") return { fieldSelector: `metadata.name=${nodeName}` };
	if (kind === "Pod") return { fieldSelector: RUNNING };
	return kind === "Service" || kind === "EndpointSlice" ? { labelSelector: LABEL_SELECTOR } : {};
}
