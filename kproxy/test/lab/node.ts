import type { Lab } from "./lab.ts";
import type { Namespace } from "./namespaces.ts";

/** Addresses of a node or pod, one of each family. */
export interface Addresses {
	IPv4: string;
	IPv6: string;
}

/** A network namespace with addresses of its own, on a node. */
export interface Pod extends Addresses {
	name: string;
	namespace: Namespace;
	/** Gives it that many further addresses of each family. To be called once. */
	addAddresses(count: number): Addresses[];
}

/** A network namespace that stands for a node: it routes between its pods, each at the end of a veth pair. */
export interface LabNode extends Addresses {
	namespace: Namespace;
	/** Makes a pod with addresses 10.244.0.N and fd00:10:244::N, N from 2 in the order of making, up to 255. */
	addPod(name: string): Pod;
}

const GATEWAY_LINK_LOCAL = "fe80::1";

/** Makes a node. Pods reach it, it reaches them, and they each other through it; there is no way out. */
export function createNode(lab: Lab, name = "node"): LabNode {
	const node = { IPv4: "10.244.0.1", IPv6: "fd00:10:244::1", namespace: lab.namespace(name) };
	node.namespace.sysctl("net.ipv4.ip_forward", 1);
	node.namespace.sysctl("net.ipv6.conf.all.forwarding", 1);
	node.namespace.ip([`addr add ${node.IPv4}/32 dev lo`, `addr add ${node.IPv6}/128 dev lo nodad`]);
	let last = 1;
	return {
		...node,
		addPod(name) {
			const number = ++last;
			const namespace = lab.namespace(name);
			const addresses = { IPv4: `10.244.0.${number}`, IPv6: `fd00:10:244::${number.toString(16)}` };
			connect(node, { namespace, number, addresses });
			return {
				name,
				namespace,
				...addresses,
				addAddresses: (count) => addAddresses(node, { namespace, number, count }),
			};
		},
	};
}

function connect(
	node: Addresses & { namespace: Namespace },
	{ namespace, number, addresses }: { namespace: Namespace; number: number; addresses: Addresses },
): void {
	const device = `pod${number}`;
	node.namespace.ip([
		`link add ${device} type veth peer name eth0 netns ${namespace.name}`,
		// The pod's gateway: neighbour discovery answers only for addresses of the link itself.
		`addr add ${GATEWAY_LINK_LOCAL}/64 dev ${device} nodad`,
		`link set ${device} up`,
		`route add ${addresses.IPv4}/32 dev ${device}`,
		`route add ${addresses.IPv6}/128 dev ${device}`,
	]);
	namespace.ip([
		`addr add ${addresses.IPv4}/32 dev eth0`,
		`addr add ${addresses.IPv6}/128 dev eth0 nodad`,
		"link set eth0 up",
		`route add default via ${node.IPv4} dev eth0 onlink`,
		`route add default via ${GATEWAY_LINK_LOCAL} dev eth0`,
	]);
}

function addAddresses(
	node: { namespace: Namespace },
	{ namespace, number, count }: { namespace: Namespace; number: number; count: number },
): Addresses[] {
	const addresses = Array.from({ length: count }, (_, index) => ({
		IPv4: `10.${245 + (index >> 8)}.${number}.${index & 0xff}`,
		IPv6: `fd00:10:${245 + number}::${(index + 1).toString(16)}`,
	}));
	namespace.ip(
		addresses.flatMap(({ IPv4, IPv6 }) => [
			`addr add ${IPv4}/32 dev eth0`,
			`addr add ${IPv6}/128 dev eth0 nodad`,
		]),
	);
	// Via the pod's first address: the node need not ask for each of the others on the link.
	node.namespace.ip(
		addresses.flatMap(({ IPv4, IPv6 }) => [
			`route add ${IPv4}/32 via 10.244.0.${number} dev pod${number}`,
			`route add ${IPv6}/128 via fd00:10:244::${number.toString(16)} dev pod${number}`,
		]),
	);
	return addresses;
}
