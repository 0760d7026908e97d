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
	#pathMtu: number | undefined;

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

	/** Makes the client beyond the gateway, which routes from now on: packets of up to `pathMtu` bytes, where one is told. */
	farClient(pathMtu?: number): Client {
		const namespace = this.#lab.namespace("far-client");
		const mtu = mtuOf(this.#mtu);
		this.#pathMtu = pathMtu;
		this.namespace.sysctls({ "net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1 });
		this.namespace.ip([
			`link add far ${mtu} type veth peer name eth0 ${mtu} netns ${namespace.name}`,
			...addressesOn("far", FAR_GATEWAY),
			"link set far up",
			...(pathMtu === undefined ? [] : this.#narrowRoutes()),
		]);
		namespace.ip(uplink(FAR_CLIENT, FAR_GATEWAY));
		return this.#createClient("far-client", { namespace, addresses: FAR_CLIENT });
	}

	/** Sends packets for an address that no link has on to one that a link has. */
	route({ address, via }: { address: string; via: string }): void {
		this.namespace.ip([`route replace ${address} via ${via} ${this.#lockedMtu()}`]);
	}

	/** Halves of both subnets, where every address in use is: they come before the routes of the links themselves. */
	#narrowRoutes(): string[] {
		return [
			`route add 192.0.2.0/25 dev ${SWITCH} ${this.#lockedMtu()}`,
			`route add 2001:db8::/65 dev ${SWITCH} ${this.#lockedMtu()}`,
			`route add 198.51.100.0/25 dev far ${this.#lockedMtu()}`,
			`route add 2001:db8:1::/65 dev far ${this.#lockedMtu()}`,
		];
	}

	/** Only a locked one counts for packets on their way through; the links themselves take larger ones. */
	#lockedMtu(): string {
		return this.#pathMtu === undefined ? "" : `mtu lock ${this.#pathMtu}`;
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
