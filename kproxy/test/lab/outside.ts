import { type Addresses, CLIENT, FAR_CLIENT, FAR_GATEWAY, GATEWAY, OUTSIDE_PREFIXES } from "./addresses.ts";
import { createHost, type Host } from "./host.ts";
import type { Lab } from "./lab.ts";
import type { Namespace } from "./namespaces.ts";
import { mtuOf } from "./pod-links.ts";

/** A client outside the nodes. */
export interface Client extends Host {
	/** Its first address and that many less one further, for `localAddress`. To be called once. */
	addresses(count: number): Addresses[];
}

const SWITCH = "br0";
/** What every client's own address ends with; further ones count on from there. */
const FIRST_NUMBER = 100;

/** The network that the nodes are in: a switch that is its gateway too. */
export class Outside {
	readonly namespace: Namespace;
	readonly #lab: Lab;
	readonly #mtu: number | undefined;

	constructor(lab: Lab, { mtu }: { mtu?: number } = {}) {
		this.#lab = lab;
		this.#mtu = mtu;
		this.namespace = lab.namespace("outside");
		this.namespace.ip([
			`link add ${SWITCH} ${mtuOf(mtu)} type bridge`,
			...addressesOn(SWITCH, GATEWAY),
			`link set ${SWITCH} up`,
		]);
	}

	/** Gives a namespace an `eth0` on the switch. */
	connect(namespace: Namespace, { port, ...addresses }: Addresses & { port: string }): void {
		const mtu = mtuOf(this.#mtu);
		this.namespace.ip([
			`link add ${port} ${mtu} type veth peer name eth0 ${mtu} netns ${namespace.name}`,
			`link set ${port} master ${SWITCH}`,
			`link set ${port} up`,
		]);
		namespace.ip(uplink(addresses, GATEWAY));
	}

	/** Makes the client in the nodes' network. */
	client(): Client {
		const namespace = this.#lab.namespace("client");
		this.connect(namespace, { port: "client", ...CLIENT });
		return this.#createClient("client", { namespace, addresses: CLIENT });
	}

	/** Makes the client beyond the gateway, which routes from now on. */
	farClient(mtu = this.#mtu): Client {
		const namespace = this.#lab.namespace("far-client");
		this.namespace.sysctls({ "net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1 });
		this.namespace.ip([
			`link add far ${mtuOf(mtu)} type veth peer name eth0 ${mtuOf(mtu)} netns ${namespace.name}`,
			...addressesOn("far", FAR_GATEWAY),
			"link set far up",
		]);
		namespace.ip(uplink(FAR_CLIENT, FAR_GATEWAY));
		return this.#createClient("far-client", { namespace, addresses: FAR_CLIENT });
	}

	#createClient(
		name: string,
		{ namespace, addresses }: { namespace: Namespace; addresses: Addresses },
	): Client {
		const further = (count: number) => {
			const all = Array.from({ length: count }, (_, index) => ({
				IPv4: addresses.IPv4.replace(/\d+$/, String(FIRST_NUMBER + index)),
				IPv6: addresses.IPv6.replace(/\d+$/, String(FIRST_NUMBER + index)),
			}));
			namespace.ip(all.slice(1).flatMap((each) => addressesOn("eth0", each)));
			return all;
		};
		const host = createHost(this.#lab, { name, namespace, cgroup: "others", ...addresses });
		return { ...host, addresses: further };
	}
}

function uplink(addresses: Addresses, gateway: Addresses): string[] {
	return [
		...addressesOn("eth0", addresses),
		"link set eth0 up",
		`route add default via ${gateway.IPv4}`,
		`route add default via ${gateway.IPv6}`,
	];
}

function addressesOn(device: string, { IPv4, IPv6 }: Addresses): string[] {
	return [
		`addr add ${IPv4}/${OUTSIDE_PREFIXES.IPv4} dev ${device}`,
		`addr add ${IPv6}/${OUTSIDE_PREFIXES.IPv6} dev ${device} nodad`,
	];
}
