import test from "ava";
import { nodeObject, serviceObjects } from "./objects.ts";

const PORT = { name: "http", protocol: "TCP", port: 80, targetPort: 8080 } as const;

test("a Service of few words has a slice of each of its families, and nothing that was not asked for", (t) => {
	const [service, ...slices] = serviceObjects({
		name: "web",
		clusterIPs: ["10.96.0.1", "fd00:10:96::1"],
		ports: [PORT],
		endpoints: ["10.244.1.2", "fd00:10:244:1::2"],
	});
	t.deepEqual(service, {
		apiVersion: "v1",
		kind: "Service",
		metadata: { name: "web", namespace: "default" },
		spec: {
			type: "ClusterIP",
			clusterIP: "10.96.0.1",
			clusterIPs: ["10.96.0.1", "fd00:10:96::1"],
			ipFamilies: ["IPv4", "IPv6"],
			ports: [PORT],
		},
	});
	t.like(slices, {
		0: { addressType: "IPv4", endpoints: [{ addresses: ["10.244.1.2"], conditions: { ready: true } }] },
		1: { addressType: "IPv6", endpoints: [{ addresses: ["fd00:10:244:1::2"] }] },
		length: 2,
	});
});

test("a Service of many words has each where the API has it", (t) => {
	const [service, slice] = serviceObjects({
		name: "web",
		type: "LoadBalancer",
		clusterIPs: ["10.96.0.1"],
		ports: [{ ...PORT, nodePort: 30080, appProtocol: "h2c" }],
		endpoints: [
			{
				address: "10.244.1.2",
				nodeName: "node-1",
				zone: "a",
				hints: { zones: ["a"], nodes: ["node-1"] },
				ready: false,
				terminating: true,
				serving: true,
			},
		],
		externalIPs: ["203.0.113.1"],
		ingressIPs: ["203.0.113.10", { ip: "203.0.113.11", ipMode: "Proxy" }],
		externalTrafficPolicy: "Local",
		internalTrafficPolicy: "Local",
		affinityTimeoutS: 60,
		sourceRanges: ["192.0.2.0/24"],
		trafficDistribution: "PreferClose",
		healthCheckNodePort: 30100,
		labels: { app: "web" },
	});
	t.like(service, {
		metadata: { labels: { app: "web" } },
		spec: {
			type: "LoadBalancer",
			ports: [{ nodePort: 30080, appProtocol: "h2c" }],
			externalIPs: ["203.0.113.1"],
			externalTrafficPolicy: "Local",
			internalTrafficPolicy: "Local",
			sessionAffinity: "ClientIP",
			sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
			loadBalancerSourceRanges: ["192.0.2.0/24"],
			trafficDistribution: "PreferClose",
			healthCheckNodePort: 30100,
		},
		status: {
			loadBalancer: {
				ingress: [
					{ ip: "203.0.113.10", ipMode: "VIP" },
					{ ip: "203.0.113.11", ipMode: "Proxy" },
				],
			},
		},
	});
	t.like(slice, {
		ports: [{ port: 8080, appProtocol: "h2c" }],
		endpoints: [
			{
				nodeName: "node-1",
				zone: "a",
				hints: { forZones: [{ name: "a" }], forNodes: [{ name: "node-1" }] },
				conditions: { ready: false, serving: true, terminating: true },
			},
		],
	});
});

test("a headless Service has no family of its own, and a Node its zone as a label", (t) => {
	const [service, slice] = serviceObjects({
		name: "db",
		clusterIPs: [],
		ports: [PORT],
		endpoints: ["10.244.1.2"],
	});
	t.like(service, { spec: { clusterIP: "None", clusterIPs: ["None"] } });
	t.like(slice, { addressType: "IPv4" });
	t.like(nodeObject({ name: "node-1", addresses: ["192.0.2.11"], zone: "a", podCIDRs: ["10.244.1.0/24"] }), {
		metadata: { labels: { "topology.kubernetes.io/zone": "a" } },
		spec: { podCIDR: "10.244.1.0/24" },
		status: { addresses: [{ type: "InternalIP", address: "192.0.2.11" }, { type: "Hostname" }] },
	});
});
