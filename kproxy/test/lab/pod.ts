import { type Addresses, furtherAddresses, podAddresses } from "./addresses.ts";
import { createHost, type Host } from "./host.ts";
import type { Lab } from "./lab.ts";
import type { Namespace } from "./namespaces.ts";
import type { PodLinks, PodStyle } from "./pod-links.ts";

/** A pod: a host of its own, or with `hostNetwork` a process of its node. */
export interface Pod extends Host {
	node: string;
	/** Ends its agent, and takes it away with its link and routes. */
	delete(): Promise<void>;
	/** Gives it its addresses. To be called once, and on a pod that was made with `late`. */
	giveAddresses(): void;
	/** Gives it that many further addresses of each family. To be called once, and on a routed pod. */
	addAddresses(count: number): Addresses[];
}

/** How a pod differs from others. */
export interface PodOptions {
	/** `false`: its sockets are out of kproxy's sight, as in a sandboxed pod. */
	hook?: boolean;
	/** It has no network of its own. */
	hostNetwork?: boolean;
	/** The node's unless told. */
	style?: PodStyle;
	/** Its link is there, its addresses are not, nor a route to them: `giveAddresses` is to be called. */
	late?: boolean;
}

/** What a pod is made of. */
export interface PodParts {
	name: string;
	cgroup: string;
	node: Host & { number: number; pods: Set<Host> };
	links: PodLinks;
	/** From 2; the node is 1. */
	podNumber: number;
	style: PodStyle;
	late: boolean;
	mtu?: number;
}

/** Makes a pod in a namespace of its own. */
export function createPod(lab: Lab, parts: PodParts): Pod {
	const { name, cgroup, node, links, podNumber, late, ...how } = parts;
	const namespace = lab.namespace(name);
	const pod = createHost(lab, { name, namespace, cgroup, ...podAddresses(node.number, podNumber) });
	const link = { ...how, device: `pod${podNumber}`, pod };
	links.connect(link);
	if (!late) links.address(link);
	const whole: Pod = {
		...pod,
		node: node.name,
		giveAddresses: () => links.address(link),
		addAddresses: (count) => addTo(node.namespace, { pod, node: node.number, number: podNumber, count }),
		async delete() {
			node.pods.delete(whole);
			await (await pod.agent()).close();
			// By hand: a namespace that is deleted gives its links up at some later time.
			node.namespace.ip([`link del ${link.device}`]);
			namespace.delete();
		},
	};
	return whole;
}

/** A process of a node that counts as a pod, in a cgroup of its own choice. */
export function podOnHost(lab: Lab, of: { node: Host; name: string; cgroup: string }): Pod {
	const { node, name, cgroup } = of;
	const { namespace, IPv4, IPv6 } = node;
	const process = createHost(lab, { name, namespace, cgroup, IPv4, IPv6 });
	const noNetwork = () => {
		throw new Error(`${name} has no network of its own: give addresses to a pod without hostNetwork`);
	};
	return {
		...process,
		node: node.name,
		async delete() {
			await (await process.agent()).close();
		},
		giveAddresses: noNetwork,
		addAddresses: noNetwork,
	};
}

function addTo(node: Namespace, of: { pod: Host; node: number; number: number; count: number }): Addresses[] {
	const { pod, number, count } = of;
	const addresses = Array.from({ length: count }, (_, index) =>
		furtherAddresses({ node: of.node, pod: number, index }),
	);
	pod.namespace.ip(
		addresses.flatMap(({ IPv4, IPv6 }) => [
			`addr add ${IPv4}/32 dev eth0`,
			`addr add ${IPv6}/128 dev eth0 nodad`,
		]),
	);
	// Via the pod's first address: the node need not ask for each of the others on the link.
	node.ip(
		addresses.flatMap(({ IPv4, IPv6 }) => [
			`route add ${IPv4}/32 via ${pod.IPv4} dev pod${number}`,
			`route add ${IPv6}/128 via ${pod.IPv6} dev pod${number}`,
		]),
	);
	return addresses;
}
