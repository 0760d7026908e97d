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

/** What to ask for: this node alone, and not what another proxy serves. */
export function selectorOf(kind: Kind, nodeName: string): Selector {
	if (kind === "Node") return { fieldSelector: `metadata.name=${nodeName}` };
	return kind === "ServiceCIDR" ? {} : { labelSelector: LABEL_SELECTOR };
}
