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
}

/** Where the kinds live. */
export const RESOURCES: Readonly<Record<Kind, Resource>> = {
	Service: { group: "", resource: "services", path: "/api/v1/services", sinceMinor: 0 },
	EndpointSlice: {
		group: "discovery.k8s.io",
		resource: "endpointslices",
		path: "/apis/discovery.k8s.io/v1/endpointslices",
		sinceMinor: 21,
	},
};

/** Labels of objects that another proxy serves, or that have no address to serve. */
export const FOREIGN_LABELS = [
	"service.kubernetes.io/service-proxy-name",
	"service.kubernetes.io/headless",
] as const;

/** Selects what is ours in list and watch, as kube-proxy does. */
export const LABEL_SELECTOR = FOREIGN_LABELS.map((label) => `!${label}`).join(",");
