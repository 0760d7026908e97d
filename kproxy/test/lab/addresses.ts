/** Which address is whose in a cluster of the lab. Documentation ranges outside, the customary ones inside. */

/** Addresses of a node, pod or client, one of each family. */
export interface Addresses {
	IPv4: string;
	IPv6: string;
}

/** Where nodes and the client are: 192.0.2.0/24 and 2001:db8::/64. */
export const OUTSIDE_PREFIXES = { IPv4: 24, IPv6: 64 } as const;
/** The way out of the nodes' network. */
export const GATEWAY: Addresses = { IPv4: "192.0.2.1", IPv6: "2001:db8::1" };
/** The client in the nodes' network. */
export const CLIENT: Addresses = { IPv4: "192.0.2.100", IPv6: "2001:db8::100" };
/** The far side of the gateway, and the client there. */
export const FAR_GATEWAY: Addresses = { IPv4: "198.51.100.1", IPv6: "2001:db8:1::1" };
export const FAR_CLIENT: Addresses = { IPv4: "198.51.100.100", IPv6: "2001:db8:1::100" };

/** Nodes count from 1: 192.0.2.11 and 2001:db8::11 is the first's. */
export function nodeAddresses(number: number): Addresses {
	return { IPv4: `192.0.2.${10 + number}`, IPv6: `2001:db8::${10 + number}` };
}

/** The subnets of a node's pods. */
export function podSubnets(node: number): Addresses {
	return { IPv4: `10.244.${node}.0/24`, IPv6: `${podPrefix(node)}::/64` };
}

/** A pod's addresses; number 1 is the node as the pods' gateway, pods follow. */
export function podAddresses(node: number, number: number): Addresses {
	return { IPv4: `10.244.${node}.${number}`, IPv6: `${podPrefix(node)}::${number.toString(16)}` };
}

/** The `index`th further address of a pod, in ranges that no pod's first address is from. */
export function furtherAddresses({
	node,
	pod,
	index,
}: {
	node: number;
	pod: number;
	index: number;
}): Addresses {
	return {
		IPv4: `10.${64 + 2 * node + (index >> 8)}.${pod}.${index & 0xff}`,
		IPv6: `fd00:10:${(0x1000 + node).toString(16)}:${pod.toString(16)}::${(index + 1).toString(16)}`,
	};
}

/** As the kernel prints it: without the zero that a run of zeros takes in. */
function podPrefix(node: number): string {
	return node === 0 ? "fd00:10:244" : `fd00:10:244:${node.toString(16)}`;
}
