import type { Addresses } from "./addresses.ts";
import type { Namespace } from "./namespaces.ts";

/**
 * How pods hang on their node. `routed`: each at the end of a veth pair that the node has a route of its own to.
 * `bridged`: all on the node's bridge `cni0`, and in one subnet.
 */
export type PodStyle = "routed" | "bridged";

/** What a pod's link is made of. */
export interface PodLink {
	style: PodStyle;
	/** The node's end; the pod's is `eth0`. */
	device: string;
	pod: Addresses & { namespace: Namespace };
	mtu?: number;
}

const GATEWAY_LINK_LOCAL = "fe80::1";
/** The bridge of a node's bridged pods. */
export const BRIDGE = "cni0";

/** Connects pods to a node whose address in their subnet is `gateway`. */
export class PodLinks {
	readonly #namespace: Namespace;
	readonly #gateway: Addresses;
	readonly #routed: Addresses[] = [];
	#hasBridge = false;

	constructor(namespace: Namespace, gateway: Addresses) {
		this.#namespace = namespace;
		this.#gateway = gateway;
		namespace.ip([`addr add ${gateway.IPv4}/32 dev lo`, `addr add ${gateway.IPv6}/128 dev lo nodad`]);
	}

	/** Connects a pod to its node, without addresses as yet. */
	connect(link: PodLink): void {
		if (link.style === "routed") this.#connectRouted(link);
		else this.#connectBridged(link);
	}

	/** Gives a connected pod its addresses, its way out, and where it is routed the node's way in. */
	address(link: PodLink): void {
		if (link.style === "routed") this.#addressRouted(link);
		else this.#addressBridged(link);
	}

	#connectRouted(link: PodLink): void {
		const { device, pod } = link;
		this.#namespace.ip([
			vethTo(link),
			// The pod's gateway: neighbour discovery answers only for addresses of the link itself.
			`addr add ${GATEWAY_LINK_LOCAL}/64 dev ${device} nodad`,
			`link set ${device} up`,
		]);
		pod.namespace.ip(["link set eth0 up"]);
	}

	#addressRouted({ device, pod }: PodLink): void {
		this.#routed.push(pod);
		pod.namespace.ip([
			`addr add ${pod.IPv4}/32 dev eth0`,
			`addr add ${pod.IPv6}/128 dev eth0 nodad`,
			`route add default via ${this.#gateway.IPv4} dev eth0 onlink`,
			`route add default via ${GATEWAY_LINK_LOCAL} dev eth0`,
		]);
		this.#namespace.ip([
			`route add ${pod.IPv4}/32 dev ${device}`,
			`route add ${pod.IPv6}/128 dev ${device}`,
			...(this.#hasBridge ? answerFor(pod) : []),
		]);
	}

	#connectBridged(link: PodLink): void {
		const { device, pod } = link;
		if (!this.#hasBridge) this.#makeBridge(link.mtu);
		this.#namespace.ip([
			vethTo(link),
			`link set ${device} master ${BRIDGE}`,
			// Hairpin, as the CNI plugins set it: a pod may be its own Service's backend.
			`link set ${device} type bridge_slave hairpin on`,
			`link set ${device} up`,
		]);
		pod.namespace.ip(["link set eth0 up"]);
	}

	#addressBridged({ pod }: PodLink): void {
		pod.namespace.ip([
			`addr add ${pod.IPv4}/24 dev eth0`,
			`addr add ${pod.IPv6}/64 dev eth0 nodad`,
			`route add default via ${this.#gateway.IPv4} dev eth0`,
			`route add default via ${this.#gateway.IPv6} dev eth0`,
		]);
	}

	#makeBridge(mtu?: number): void {
		const { IPv4, IPv6 } = this.#gateway;
		this.#hasBridge = true;
		this.#namespace.ip([
			`link add ${BRIDGE} ${mtuOf(mtu)} type bridge`,
			// From here on the gateway's address is the bridge's.
			`addr del ${IPv4}/32 dev lo`,
			`addr del ${IPv6}/128 dev lo`,
			`addr add ${IPv4}/24 dev ${BRIDGE}`,
			`addr add ${IPv6}/64 dev ${BRIDGE} nodad`,
			`link set ${BRIDGE} up`,
			...this.#routed.flatMap(answerFor),
		]);
		// Otherwise the node takes up to 0.8 s to answer for a routed pod.
		const families = ["ipv4", "ipv6"];
		this.#namespace.sysctls(
			Object.fromEntries(families.map((family) => [`net.${family}.neigh.${BRIDGE}.proxy_delay`, 0])),
		);
	}
}

/** A bridged pod asks on its link for a routed one, which is not there. */
function answerFor({ IPv4, IPv6 }: Addresses): string[] {
	return [IPv4, IPv6].map((address) => `neigh add proxy ${address} dev ${BRIDGE}`);
}

function vethTo({ device, mtu, pod: { namespace } }: PodLink): string {
	return `link add ${device} ${mtuOf(mtu)} type veth peer name eth0 ${mtuOf(mtu)} netns ${namespace.name}`;
}

/** For a line of `ip`: nothing where the kernel's own is meant. */
export function mtuOf(mtu?: number): string {
	return mtu === undefined ? "" : `mtu ${mtu}`;
}
