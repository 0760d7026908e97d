import { nodeAddresses, podSubnets } from "./addresses.ts";
import type { Lab } from "./lab.ts";
import { createNode, type LabNode } from "./node.ts";
import { type Client, Outside } from "./outside.ts";
import type { PodStyle } from "./pod-links.ts";

/** What a cluster is made of. */
export interface ClusterOptions {
	/** 2 unless told, 9 at most. */
	nodes?: number;
	/** How pods hang on their node, where a pod is not told otherwise; `routed` unless told. */
	style?: PodStyle;
	/** Of every device; the kernel's own unless told. */
	mtu?: number;
	/** Makes `farClient`, beyond the gateway, which passes packets of up to `farMtu` bytes where one is told. */
	far?: boolean;
	farMtu?: number;
}

/** Nodes and clients on one switch, as README.md here draws it. */
export interface Cluster {
	nodes: readonly LabNode[];
	/** The `number`th node, from 1. */
	node(number: number): LabNode;
	/** In the nodes' network. */
	client: Client;
	/** In another network, a router away. Only with `far`. */
	readonly farClient: Client;
	/** The switch and gateway; its devices are `node1`, `node2` …, `client` and `far`. */
	outside: Outside;
	/** Has the clients' side send packets for an address of neither, such as a load balancer's, to a node. */
	route(address: string, via: LabNode): void;
}

/** Makes a cluster. Its clients know no pods, and ClusterIPs lead to the gateway, which drops them. */
export function createCluster(lab: Lab, options: ClusterOptions = {}): Cluster {
	const { nodes: count = 2, style = "routed", mtu, far = false, farMtu } = options;
	const sized = mtu === undefined ? {} : { mtu };
	const outside = new Outside(lab, sized);
	const numbers = Array.from({ length: count }, (_, index) => index + 1);
	const nodes = numbers.map((number) => {
		const addresses = nodeAddresses(number);
		const node = createNode(lab, { name: `node-${number}`, number, addresses, style, ...sized });
		outside.connect(node.namespace, { port: `node${number}`, ...addresses });
		node.namespace.ip(numbers.filter((other) => other !== number).flatMap(routesToPods));
		return node;
	});
	const client = outside.client();
	const farClient = far ? outside.farClient(farMtu) : undefined;
	return {
		nodes,
		node(number) {
			const node = nodes[number - 1];
			if (!node) throw new Error(`there is no node ${number}: the cluster has ${count}`);
			return node;
		},
		client,
		get farClient() {
			if (!farClient) throw new Error("there is no far client: createCluster(lab, { far: true })");
			return farClient;
		},
		outside,
		route(address, via) {
			const family = address.includes(":") ? "IPv6" : "IPv4";
			const prefix = `${address}/${family === "IPv6" ? 128 : 32}`;
			client.namespace.ip([`route replace ${prefix} via ${via[family]}`]);
			outside.route({ address: prefix, via: via[family] });
		},
	};
}

function routesToPods(node: number): string[] {
	const [via, subnets] = [nodeAddresses(node), podSubnets(node)];
	return [`route add ${subnets.IPv4} via ${via.IPv4}`, `route add ${subnets.IPv6} via ${via.IPv6}`];
}
