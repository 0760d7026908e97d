import type { ApiObject, EndpointSliceObject, NodeObject, ServiceObject } from "../../src/model/objects.ts";
import type { Change } from "../../src/watch/source.ts";

type Port = ServiceObject["ports"][number];

/** A Service of one TCP port 80 named http, unless told otherwise. */
export function service(name: string, parts: Partial<ServiceObject> = {}): ServiceObject {
	return {
		kind: "Service",
		namespace: "shop",
		name,
		labels: {},
		createdMs: undefined,
		type: "ClusterIP",
		clusterIPs: ["10.96.0.1"],
		externalIPs: [],
		loadBalancerIPs: [],
		loadBalancerSourceRanges: [],
		ports: [port()],
		affinityTimeoutS: 0,
		externalTrafficPolicy: "Cluster",
		internalTrafficPolicy: "Cluster",
		healthCheckNodePort: 0,
		...parts,
	};
}

/** TCP port 80 named http, unless told otherwise. */
export function port(parts: Partial<Port> = {}): Port {
	return { name: "http", protocol: "TCP", port: 80, nodePort: 0, ...parts };
}

type Slice = EndpointSliceObject;
type SliceEndpoint = Slice["endpoints"][number];

/** An IPv4 slice of the Service `of`, whose http port is 8080 unless told otherwise. Endpoints: addresses, or whole. */
export function slice(
	name: string,
	parts: { of: string; endpoints?: readonly (string | Partial<SliceEndpoint>)[] } & Partial<
		Omit<Slice, "endpoints">
	>,
): Slice {
	const { of, endpoints = [], ...rest } = parts;
	return {
		kind: "EndpointSlice",
		namespace: "shop",
		name,
		service: of,
		addressType: "IPv4",
		ports: [{ name: "http", protocol: "TCP", port: 8080 }],
		triggerTimeMs: undefined,
		...rest,
		endpoints: endpoints.map(endpoint),
	};
}

function endpoint(of: string | Partial<SliceEndpoint>): SliceEndpoint {
	const ready = {
		ready: true,
		serving: true,
		terminating: false,
		nodeName: undefined,
		forZones: [],
		forNodes: [],
	};
	return typeof of === "string" ? { ...ready, addresses: [of] } : { ...ready, addresses: [], ...of };
}

/** A node without zone and addresses, unless told otherwise. */
export function node(name: string, parts: Partial<NodeObject> = {}): NodeObject {
	return {
		kind: "Node",
		namespace: "",
		name,
		zone: "",
		addresses: [],
		podCIDRs: [],
		deleting: false,
		...parts,
	};
}

/** Changes that bring these objects. */
export function come(...objects: ApiObject[]): Change[] {
	return objects.map((object) => ({
		kind: object.kind,
		namespace: object.namespace,
		name: object.name,
		object,
	}));
}

/** Changes that take these objects away. */
export function go(...objects: ApiObject[]): Change[] {
	return objects.map(({ kind, namespace, name }) => ({ kind, namespace, name, object: undefined }));
}
