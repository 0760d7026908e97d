import test from "ava";
import { createModel, type ModelOptions } from "../../src/model/model.ts";
import type { ServiceObject } from "../../src/model/objects.ts";
import { come, node, port, service } from "./objects.ts";

interface FrontendsCase {
	what: string;
	service: Partial<ServiceObject>;
	options?: ModelOptions;
	/** By row id: `kind address:port internal/external`. */
	rows: Record<string, readonly string[]>;
	problems?: readonly string[];
}

const dualStack = { clusterIPs: ["10.96.0.1", "fd00:96::1"] };
const balanced = { type: "LoadBalancer", loadBalancerIPs: ["203.0.113.1"] } as const;

const cases: readonly FrontendsCase[] = [
	{
		what: "A ClusterIP has the internal policy for everybody",
		service: { internalTrafficPolicy: "Local" },
		rows: { "shop/web:http/IPv4": ["ClusterIP 10.96.0.1:80 Local/Local"] },
	},
	{
		what: "A NodePort is on every address of each family, and clients in the cluster get all endpoints",
		service: {
			...dualStack,
			type: "NodePort",
			externalTrafficPolicy: "Local",
			ports: [port({ nodePort: 30080 })],
		},
		rows: {
			"shop/web:http/IPv4": [
				"ClusterIP 10.96.0.1:80 Cluster/Cluster",
				"NodePort 0.0.0.0:30080 Cluster/Local",
			],
			"shop/web:http/IPv6": ["ClusterIP fd00:96::1:80 Cluster/Cluster", "NodePort :::30080 Cluster/Local"],
		},
	},
	{
		what: "Addresses from outside belong to the row of their family alone",
		service: {
			...dualStack,
			type: "LoadBalancer",
			loadBalancerIPs: ["203.0.113.1", "2001:DB8::0001"],
			externalIPs: ["2001:db8::9", "198.51.100.9"],
		},
		rows: {
			"shop/web:http/IPv4": [
				"ClusterIP 10.96.0.1:80 Cluster/Cluster",
				"LoadBalancer 203.0.113.1:80 Cluster/Cluster",
				"ExternalIP 198.51.100.9:80 Cluster/Cluster",
			],
			"shop/web:http/IPv6": [
				"ClusterIP fd00:96::1:80 Cluster/Cluster",
				"LoadBalancer 2001:db8::1:80 Cluster/Cluster",
				"ExternalIP 2001:db8::9:80 Cluster/Cluster",
			],
		},
	},
	{
		what: "An external IP alone makes the external policy count",
		service: { externalIPs: ["198.51.100.9"], externalTrafficPolicy: "Local" },
		rows: {
			"shop/web:http/IPv4": [
				"ClusterIP 10.96.0.1:80 Cluster/Cluster",
				"ExternalIP 198.51.100.9:80 Cluster/Local",
			],
		},
	},
	{
		what: "An address that is a load balancer's and an external one is served once, with its source ranges",
		service: { ...balanced, externalIPs: ["203.0.113.1", "10.96.0.1"] },
		rows: {
			"shop/web:http/IPv4": [
				"ClusterIP 10.96.0.1:80 Cluster/Cluster",
				"LoadBalancer 203.0.113.1:80 Cluster/Cluster",
			],
		},
	},
	{
		what: "A NodePort outside of the range is a problem that names the flag, and the rest serves",
		service: { type: "NodePort", ports: [port({ nodePort: 8080 })] },
		rows: { "shop/web:http/IPv4": ["ClusterIP 10.96.0.1:80 Cluster/Cluster"] },
		problems: [
			"Service shop/web: nodePort 8080 is outside of 30000-32767; it is not served: widen --node-port-range",
		],
	},
	{
		what: "The range of NodePorts may be another one",
		service: { type: "NodePort", ports: [port({ nodePort: 8080 })] },
		options: { nodePortRange: { first: 8080, last: 8080 } },
		rows: {
			"shop/web:http/IPv4": [
				"ClusterIP 10.96.0.1:80 Cluster/Cluster",
				"NodePort 0.0.0.0:8080 Cluster/Cluster",
			],
		},
	},
	{
		what: "Addresses that nobody can dial are problems, and the rest serves",
		service: { ...balanced, loadBalancerIPs: ["0.0.0.0", "x"], externalIPs: ["127.0.0.1", "198.51.100.9"] },
		rows: {
			"shop/web:http/IPv4": [
				"ClusterIP 10.96.0.1:80 Cluster/Cluster",
				"ExternalIP 198.51.100.9:80 Cluster/Cluster",
			],
		},
		problems: [
			'Service shop/web: load-balancer IP "0.0.0.0" is the unspecified address; it is not served',
			'Service shop/web: load-balancer IP "x" is not an address; it is not served',
			'Service shop/web: external IP "127.0.0.1" is a loopback address; it is not served',
		],
	},
	{
		what: "A source range that cannot be read does not open the load balancer to everybody",
		service: { ...balanced, loadBalancerSourceRanges: ["10.0.0.0/40"] },
		rows: { "shop/web:http/IPv4": ["ClusterIP 10.96.0.1:80 Cluster/Cluster"] },
		problems: ['Service shop/web: source range "10.0.0.0/40" is no CIDR; nobody is let in by it'],
	},
];

for (const { what, service: parts, options, rows, problems = [] } of cases) {
	test(what, (t) => {
		const model = createModel(options);
		model.update(come(service("web", parts)));
		const found: Record<string, string[]> = {};
		for (const [id, { frontends }] of model.rows()) {
			found[id] = frontends.map(
				({ kind, address, port, internal, external }) => `${kind} ${address}:${port} ${internal}/${external}`,
			);
		}
		t.deepEqual(found, rows as Record<string, string[]>);
		t.deepEqual(
			[...model.problems.values()].map(({ message }) => message),
			[...problems],
		);
	});
}

test("Source ranges are those of the row's family, in one spelling, and each once", (t) => {
	const model = createModel();
	const loadBalancerSourceRanges = ["10.1.2.3/8", "10.0.0.0/8", " 192.0.2.0/24", "FD00::1/64"];
	model.update(come(service("web", { ...balanced, ...dualStack, loadBalancerSourceRanges })));
	const ranges = Object.fromEntries([...model.rows()].map(([, row]) => [row.family, row.sourceRanges]));
	t.deepEqual(ranges, { IPv4: ["10.0.0.0/8", "192.0.2.0/24"], IPv6: ["fd00::/64"] });
});

test("Whether the node may dial is told by its internal addresses, and by its external ones without such", (t) => {
	const model = createModel({ nodeName: "node-a" });
	const loadBalancerSourceRanges = ["192.0.2.0/24", "fd00:2::/64"];
	model.update(come(service("web", { ...balanced, ...dualStack, loadBalancerSourceRanges })));
	const allowed = (): unknown =>
		Object.fromEntries([...model.rows()].map(([, row]) => [row.family, row.nodeInSourceRanges]));
	t.deepEqual(allowed(), { IPv4: false, IPv6: false });
	const addresses = [
		{ type: "ExternalIP", address: "192.0.2.7" },
		{ type: "InternalIP", address: "10.0.0.7" },
		{ type: "ExternalIP", address: "fd00:2::7" },
	] as const;
	const update = model.update(come(node("node-a", { addresses })));
	t.deepEqual([...update.rows.keys()], ["shop/web:http/IPv6"]);
	t.deepEqual(allowed(), { IPv4: false, IPv6: true });
	model.update(come(node("node-a", { addresses: [{ type: "InternalIP", address: "192.0.2.7" }] })));
	t.deepEqual(allowed(), { IPv4: true, IPv6: false });
});

test("Addresses that were given count before those of the Node object", (t) => {
	const model = createModel({ nodeName: "node-a", nodeIPs: ["192.0.2.7"] });
	model.update(
		come(
			service("web", { ...balanced, loadBalancerSourceRanges: ["192.0.2.0/24"] }),
			node("node-a", { addresses: [{ type: "InternalIP", address: "10.0.0.7" }] }),
		),
	);
	t.true([...model.rows()][0]?.[1].nodeInSourceRanges);
});
