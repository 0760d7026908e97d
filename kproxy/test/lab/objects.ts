import type { Protocol } from "./protocol.ts";

/** A port of a Service and of the pods behind it. */
export interface PortManifest {
	name: string;
	protocol: Protocol | "SCTP";
	port: number;
	targetPort: number;
	nodePort?: number;
	appProtocol?: string;
}

/** An endpoint with all that a slice says of it; ready unless told. */
export interface EndpointManifest {
	address: string;
	nodeName?: string;
	zone?: string;
	hints?: { zones?: readonly string[]; nodes?: readonly string[] };
	ready?: boolean;
	/** As `ready` unless told. */
	serving?: boolean;
	terminating?: boolean;
}

/** A Service with its endpoints, as a test thinks of it; in namespace `default`. */
export interface ServiceManifest {
	name: string;
	/** None for a headless Service. */
	clusterIPs: readonly string[];
	ports: readonly PortManifest[];
	/** Backends of both families in any order; an address alone is a ready one. */
	endpoints: readonly (string | EndpointManifest)[];
	/** `ClusterIP` unless told. */
	type?: "ClusterIP" | "NodePort" | "LoadBalancer";
	externalIPs?: readonly string[];
	/** What the load balancer's status says; `ipMode` is `VIP` unless told. */
	ingressIPs?: readonly (string | { ip: string; ipMode: "VIP" | "Proxy" })[];
	externalTrafficPolicy?: "Cluster" | "Local";
	internalTrafficPolicy?: "Cluster" | "Local";
	/** Seconds of ClientIP affinity. */
	affinityTimeoutS?: number;
	sourceRanges?: readonly string[];
	trafficDistribution?: string;
	healthCheckNodePort?: number;
	publishNotReadyAddresses?: boolean;
	labels?: Readonly<Record<string, string>>;
	annotations?: Readonly<Record<string, string>>;
}

/** A Node of the cluster. */
export interface NodeManifest {
	name: string;
	addresses: readonly string[];
	zone?: string;
	podCIDRs?: readonly string[];
	labels?: Readonly<Record<string, string>>;
	unschedulable?: boolean;
}

type Family = "IPv4" | "IPv6";

/** The Service and an EndpointSlice of each of its families. */
export function serviceObjects(service: ServiceManifest): object[] {
	const families = [...new Set(service.clusterIPs.map(familyOf))];
	const ofSlices = families.length > 0 ? families : familiesOf(service.endpoints);
	return [serviceObject(service, families), ...ofSlices.map((family) => sliceObject(service, family))];
}

function serviceObject(service: ServiceManifest, families: readonly Family[]): object {
	const { name, clusterIPs, labels, annotations, ingressIPs } = service;
	const [first = "None"] = clusterIPs;
	return {
		apiVersion: "v1",
		kind: "Service",
		metadata: { name, namespace: "default", ...given({ labels, annotations }) },
		spec: {
			type: service.type ?? "ClusterIP",
			clusterIP: first,
			clusterIPs: clusterIPs.length > 0 ? clusterIPs : [first],
			...(families.length > 0 && { ipFamilies: families }),
			ports: service.ports,
			...optionalSpec(service),
		},
		...(ingressIPs && { status: { loadBalancer: { ingress: ingressIPs.map(toIngress) } } }),
	};
}

function optionalSpec(service: ServiceManifest): object {
	const { affinityTimeoutS } = service;
	return given({
		externalIPs: service.externalIPs,
		externalTrafficPolicy: service.externalTrafficPolicy,
		internalTrafficPolicy: service.internalTrafficPolicy,
		loadBalancerSourceRanges: service.sourceRanges,
		trafficDistribution: service.trafficDistribution,
		healthCheckNodePort: service.healthCheckNodePort,
		publishNotReadyAddresses: service.publishNotReadyAddresses,
		sessionAffinity: affinityTimeoutS === undefined ? undefined : "ClientIP",
		sessionAffinityConfig:
			affinityTimeoutS === undefined ? undefined : { clientIP: { timeoutSeconds: affinityTimeoutS } },
	});
}

function sliceObject({ name, ports, endpoints }: ServiceManifest, family: Family): object {
	return {
		apiVersion: "discovery.k8s.io/v1",
		kind: "EndpointSlice",
		metadata: {
			name: `${name}-${family.toLowerCase()}`,
			namespace: "default",
			labels: { "kubernetes.io/service-name": name },
		},
		addressType: family,
		ports: ports.map(({ name, protocol, targetPort, appProtocol }) => ({
			name,
			protocol,
			port: targetPort,
			...given({ appProtocol }),
		})),
		endpoints: endpoints
			.map(toEndpoint)
			.filter(({ address }) => familyOf(address) === family)
			.map(endpointObject),
	};
}

function endpointObject(endpoint: EndpointManifest): object {
	const { address, nodeName, zone, hints, ready = true, serving = ready, terminating = false } = endpoint;
	return {
		addresses: [address],
		conditions: { ready, serving, terminating },
		...given({ nodeName, zone, hints: hints && hintsObject(hints) }),
	};
}

function hintsObject({ zones, nodes }: NonNullable<EndpointManifest["hints"]>): object {
	return given({
		forZones: zones?.map((name) => ({ name })),
		forNodes: nodes?.map((name) => ({ name })),
	});
}

/** A Node as the API server has it. */
export function nodeObject({ name, addresses, zone, podCIDRs, labels, unschedulable }: NodeManifest): object {
	const zoneLabel = zone === undefined ? {} : { "topology.kubernetes.io/zone": zone };
	return {
		apiVersion: "v1",
		kind: "Node",
		metadata: { name, labels: { "kubernetes.io/hostname": name, ...zoneLabel, ...labels } },
		spec: given({ podCIDR: podCIDRs?.[0], podCIDRs, unschedulable }),
		status: {
			addresses: [
				...addresses.map((address) => ({ type: "InternalIP", address })),
				{ type: "Hostname", address: name },
			],
		},
	};
}

/** The ranges that ClusterIPs are from. */
export function serviceCidrObject(name: string, cidrs: readonly string[]): object {
	return {
		apiVersion: "networking.k8s.io/v1",
		kind: "ServiceCIDR",
		metadata: { name },
		spec: { cidrs },
	};
}

function toIngress(ingress: string | { ip: string; ipMode: string }): object {
	return typeof ingress === "string" ? { ip: ingress, ipMode: "VIP" } : ingress;
}

function toEndpoint(endpoint: string | EndpointManifest): EndpointManifest {
	return typeof endpoint === "string" ? { address: endpoint } : endpoint;
}

function familiesOf(endpoints: readonly (string | EndpointManifest)[]): Family[] {
	return [...new Set(endpoints.map((endpoint) => familyOf(toEndpoint(endpoint).address)))];
}

function familyOf(address: string): Family {
	return address.includes(":") ? "IPv6" : "IPv4";
}

/** Without what is not there: a manifest has no nulls. */
function given(fields: Readonly<Record<string, unknown>>): object {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
