import test from "ava";
import { createModel } from "../../src/model/model.ts";
import type { ServiceCIDRObject, ServiceObject } from "../../src/model/objects.ts";
import { come, go, node, port, service, slice } from "./objects.ts";

function serviceCIDR(name: string, ...cidrs: string[]): ServiceCIDRObject {
	return { kind: "ServiceCIDR", namespace: "", name, cidrs };
}

function balanced(parts: Partial<ServiceObject> = {}): ServiceObject {
	return service("web", {
		type: "LoadBalancer",
		externalTrafficPolicy: "Local",
		healthCheckNodePort: 31000,
		...parts,
	});
}

test("The own node's facts are told, changes are named, and other nodes do not matter", (t) => {
	const model = createModel({ nodeName: "node-a" });
	t.is(model.node(), undefined);
	const mine = node("node-a", { zone: "z1", podCIDRs: ["10.244.0.0/24"] });
	t.true(model.update(come(mine)).nodeChanged);
	t.deepEqual(model.node(), { deleting: false, addresses: [], zone: "z1", podCIDRs: ["10.244.0.0/24"] });
	t.false(model.update(come({ ...mine })).nodeChanged, "a heartbeat changes nothing");
	t.false(model.update(come(node("node-b", { zone: "z2" }))).nodeChanged);
	t.true(model.update(come({ ...mine, deleting: true })).nodeChanged);
	t.true(model.node()?.deleting);
	t.true(model.update(go(mine)).nodeChanged);
	t.is(model.node(), undefined);
});

test("The ranges of all ServiceCIDRs are told, each once", (t) => {
	const model = createModel();
	t.deepEqual(model.serviceCIDRs(), []);
	const first = serviceCIDR("kubernetes", "fd00:96::/112", "10.96.0.0/16");
	t.true(model.update(come(first, serviceCIDR("more", "10.97.0.0/16"))).serviceCIDRsChanged);
	t.deepEqual(model.serviceCIDRs(), ["10.96.0.0/16", "10.97.0.0/16", "fd00:96::/112"]);
	t.false(model.update(come(serviceCIDR("again", "10.97.0.0/16"))).serviceCIDRsChanged);
	t.true(model.update(go(first)).serviceCIDRsChanged);
	t.deepEqual(model.serviceCIDRs(), ["10.97.0.0/16"]);
});

test("A health check counts the ready addresses of this node in each family, whatever ports they have", (t) => {
	const model = createModel({ nodeName: "node-a" });
	const here = { nodeName: "node-a" };
	const ports = [
		{ name: "http", protocol: "TCP", port: 8080 },
		{ name: "dns", protocol: "UDP", port: 53 },
	] as const;
	const objects = [
		balanced(),
		slice("web-1", {
			of: "web",
			ports,
			endpoints: [
				{ addresses: ["10.0.0.1"], ...here },
				{ addresses: ["10.0.0.2"], ...here, ready: false, terminating: true },
				{ addresses: ["10.0.0.3"], nodeName: "node-b" },
			],
		}),
		slice("web-6", { of: "web", addressType: "IPv6", endpoints: [{ addresses: ["fd00::1"], ...here }] }),
	];
	t.true(model.update(come(...objects)).healthChecksChanged);
	t.deepEqual(model.healthChecks(), [
		{ namespace: "shop", name: "web", port: 31000, localEndpoints: 1, localByFamily: { IPv4: 1, IPv6: 1 } },
	]);
	t.false(model.update(come(...objects)).healthChecksChanged);
	t.true(model.update(go(...objects)).healthChecksChanged);
	t.deepEqual(model.healthChecks(), []);
	t.deepEqual(model.counts(), { services: 0, slices: 0, rows: 0 });
});

const without: readonly { what: string; service: ServiceObject }[] = [
	{ what: "external policy Cluster", service: balanced({ externalTrafficPolicy: "Cluster" }) },
	{
		what: "type NodePort",
		service: balanced({ type: "NodePort", ports: [port({ nodePort: 30080 })] }),
	},
	{ what: "no health check port", service: balanced({ healthCheckNodePort: 0 }) },
	{ what: "no clusterIP", service: balanced({ clusterIPs: [] }) },
];

for (const { what, service } of without) {
	test(`A Service with ${what} has no health check`, (t) => {
		const model = createModel({ nodeName: "node-a" });
		t.false(model.update(come(service)).healthChecksChanged);
		t.deepEqual(model.healthChecks(), []);
	});
}
