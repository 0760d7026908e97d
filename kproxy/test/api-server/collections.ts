/** A collection that the server has, and how the API writes its kind. */
export interface Collection {
	/** Plural, as in paths. */
	resource: string;
	group: string;
	kind: string;
	apiVersion: string;
	/** Path of the collection over all namespaces. */
	path: string;
	/** Path before `/namespaces/`. */
	base: string;
	namespaced: boolean;
	/** Fields of an empty object, as bookmarks carry them after `metadata`. */
	emptyFields: string;
}

/** What the recordings show, and after them what policy reads. */
export const COLLECTIONS: readonly Collection[] = [
	{
		resource: "services",
		group: "",
		kind: "Service",
		apiVersion: "v1",
		path: "/api/v1/services",
		base: "/api/v1",
		namespaced: true,
		emptyFields: '"spec":{},"status":{"loadBalancer":{}}',
	},
	{
		resource: "endpointslices",
		group: "discovery.k8s.io",
		kind: "EndpointSlice",
		apiVersion: "discovery.k8s.io/v1",
		path: "/apis/discovery.k8s.io/v1/endpointslices",
		base: "/apis/discovery.k8s.io/v1",
		namespaced: true,
		emptyFields: '"addressType":"","endpoints":null,"ports":null',
	},
	{
		resource: "nodes",
		group: "",
		kind: "Node",
		apiVersion: "v1",
		path: "/api/v1/nodes",
		base: "/api/v1",
		namespaced: false,
		emptyFields: '"spec":{},"status":{}',
	},
	{
		resource: "servicecidrs",
		group: "networking.k8s.io",
		kind: "ServiceCIDR",
		apiVersion: "networking.k8s.io/v1",
		path: "/apis/networking.k8s.io/v1/servicecidrs",
		base: "/apis/networking.k8s.io/v1",
		namespaced: false,
		emptyFields: '"spec":{},"status":{}',
	},
	{
		resource: "namespaces",
		group: "",
		kind: "Namespace",
		apiVersion: "v1",
		path: "/api/v1/namespaces",
		base: "/api/v1",
		namespaced: false,
		emptyFields: '"spec":{},"status":{}',
	},
	{
		resource: "pods",
		group: "",
		kind: "Pod",
		apiVersion: "v1",
		path: "/api/v1/pods",
		base: "/api/v1",
		namespaced: true,
		emptyFields: '"spec":{"containers":null},"status":{}',
	},
	{
		resource: "networkpolicies",
		group: "networking.k8s.io",
		kind: "NetworkPolicy",
		apiVersion: "networking.k8s.io/v1",
		path: "/apis/networking.k8s.io/v1/networkpolicies",
		base: "/apis/networking.k8s.io/v1",
		namespaced: true,
		emptyFields: '"spec":{"podSelector":{}}',
	},
];

/** A collection by its plural or kind. */
export function collectionOf(name: string): Collection {
	const found = COLLECTIONS.find(({ resource, kind }) => resource === name || kind === name);
	if (found === undefined) throw new Error(`the test API server has no collection ${name}`);
	return found;
}
