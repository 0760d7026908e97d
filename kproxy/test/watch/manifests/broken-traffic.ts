import { serviceYaml, sliceYaml } from "./manifest-directory.ts";

/** A document that an API server would refuse, and a part of the line that says so. */
export interface BrokenDocument {
	what: string;
	yaml: string;
	problem: string;
}

/** The Service of the table, with more fields in its spec. */
function specWith(fields: string, type = "ClusterIP"): string {
	return serviceYaml("web").replace("spec:\n", `spec:\n  type: ${type}\n  ${fields}\n`);
}

const slice = sliceYaml("web-1");
const nodeYaml = "apiVersion: v1\nkind: Node\nmetadata:\n  name: node-a\n";
const cidrYaml = "apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata:\n  name: kubernetes\n";

/** Documents whose fault is in what says who reaches which endpoints. */
export const brokenTraffic: readonly BrokenDocument[] = [
	{
		what: "a nodePort out of range",
		yaml: `${specWith("externalTrafficPolicy: Local", "NodePort")}    nodePort: 70000\n`,
		problem: "spec.ports[0].nodePort is 70000; ports are numbers from 1 to 65535",
	},
	{
		what: "a nodePort of type ClusterIP",
		yaml: `${serviceYaml("web")}    nodePort: 30080\n`,
		problem: "spec.ports[0].nodePort is 30080; only Services of type NodePort or LoadBalancer have one",
	},
	{
		what: "a nodePort that is there twice",
		yaml: `${specWith("ipFamilies: [IPv4]", "NodePort")}    name: a\n    nodePort: 30080\n  - {port: 81, name: b, nodePort: 30080}\n`,
		problem: "spec.ports[1] has nodePort 30080/TCP again, as spec.ports[0] does",
	},
	{
		what: "a headless NodePort Service",
		yaml: serviceYaml("web", { ip: "None" }).replace("spec:", "spec:\n  type: NodePort"),
		problem: 'spec.clusterIP is "None", which a Service of type NodePort cannot have; give an address',
	},
	{
		what: "an external IP that is none",
		yaml: specWith("externalIPs: [198.51.100]"),
		problem: 'spec.externalIPs[0] is "198.51.100", which is not an IP address',
	},
	{
		what: "a loopback external IP",
		yaml: specWith("externalIPs: [198.51.100.1, 127.0.0.1]"),
		problem: "spec.externalIPs[1] is 127.0.0.1, a loopback address; it cannot be the address of a Service",
	},
	{
		what: "a link-local external IP",
		yaml: specWith("externalIPs: [169.254.1.1]"),
		problem: "spec.externalIPs[0] is 169.254.1.1, a link-local address",
	},
	{
		what: "an unknown affinity",
		yaml: specWith("sessionAffinity: clientIP"),
		problem: 'spec.sessionAffinity is "clientIP"; write ClientIP',
	},
	{
		what: "an affinity of two days",
		yaml: specWith(
			"sessionAffinity: ClientIP\n  sessionAffinityConfig: {clientIP: {timeoutSeconds: 172800}}",
		),
		problem:
			"spec.sessionAffinityConfig.clientIP.timeoutSeconds is 172800; it must be a number of seconds from 1 to 86400",
	},
	{
		what: "a timeout without affinity",
		yaml: specWith("sessionAffinityConfig: {clientIP: {timeoutSeconds: 10}}"),
		problem: "spec.sessionAffinityConfig is for sessionAffinity ClientIP",
	},
	{
		what: "an unknown internal policy",
		yaml: specWith("internalTrafficPolicy: Near"),
		problem: 'spec.internalTrafficPolicy is "Near"; it must be one of Cluster, Local',
	},
	{
		what: "an external policy that nothing from outside can meet",
		yaml: specWith("externalTrafficPolicy: Local"),
		problem: "spec.externalTrafficPolicy is for Services that are reached from outside",
	},
	{
		what: "an unknown traffic distribution",
		yaml: specWith("trafficDistribution: PreferFar"),
		problem:
			'spec.trafficDistribution is "PreferFar"; it must be one of PreferClose, PreferSameZone, PreferSameNode',
	},
	{
		what: "a health check port without policy Local",
		yaml: specWith("healthCheckNodePort: 31000", "LoadBalancer"),
		problem: "spec.healthCheckNodePort is for type LoadBalancer with externalTrafficPolicy Local",
	},
	{
		what: "source ranges of type NodePort",
		yaml: specWith("loadBalancerSourceRanges: [10.0.0.0/8]", "NodePort"),
		problem: "spec.loadBalancerSourceRanges is for Services of type LoadBalancer; this one has type NodePort",
	},
	{
		what: "a source range that is none",
		yaml: specWith("loadBalancerSourceRanges: [10.0.0.0/40]", "LoadBalancer"),
		problem:
			'spec.loadBalancerSourceRanges[0] is "10.0.0.0/40", which is no CIDR; write it as 10.0.0.0/8 or fd00::/64',
	},
	{
		what: "an ingress of type ClusterIP",
		yaml: `${serviceYaml("web")}status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}\n`,
		problem: "status.loadBalancer.ingress is for Services of type LoadBalancer; this one has type ClusterIP",
	},
	{
		what: "an unknown ipMode",
		yaml: `${specWith("ipFamilies: [IPv4]", "LoadBalancer")}status: {loadBalancer: {ingress: [{ip: 192.0.2.1, ipMode: vip}]}}\n`,
		problem: 'status.loadBalancer.ingress[0].ipMode is "vip"; write VIP',
	},
	{
		what: "hints that are no list",
		yaml: slice.replace("ports:", "  hints: {forZones: z1}\nports:"),
		problem: ':20: EndpointSlice default/web-1: endpoints[0].hints.forZones is "z1"; it must be a list',
	},
	{
		what: "a hint without a name",
		yaml: slice.replace("ports:", "  hints: {forNodes: [{}]}\nports:"),
		problem: "endpoints[0].hints.forNodes[0].name is missing",
	},
	{
		what: "a node in a namespace",
		yaml: `${nodeYaml}  namespace: shop\n`,
		problem: ':14: Node node-a: metadata.namespace is "shop"; a Node lies in no namespace',
	},
	{
		what: "a node address that is none",
		yaml: `${nodeYaml}status: {addresses: [{type: InternalIP, address: here}]}\n`,
		problem: 'Node node-a: status.addresses[0].address is "here", which is not an IP address',
	},
	{
		what: "a ServiceCIDR of old",
		yaml: cidrYaml.replace("/v1", "/v1beta1"),
		problem: 'apiVersion is "networking.k8s.io/v1beta1"; write networking.k8s.io/v1',
	},
	{
		what: "a ServiceCIDR without CIDRs",
		yaml: cidrYaml,
		problem: "ServiceCIDR kubernetes: spec.cidrs has no CIDR; it needs one for each IP family",
	},
	{
		what: "a ServiceCIDR that is none",
		yaml: `${cidrYaml}spec: {cidrs: [10.96.0.0]}\n`,
		problem: ':14: ServiceCIDR kubernetes: spec.cidrs[0] is "10.96.0.0", which is no CIDR',
	},
];
