import type { NetworkAddress, NetworkLink, NetworkSnapshot } from "bpf-loader";

/** A device that is up and has an Ethernet header, unless told otherwise. */
export function link(ifindex: number, name: string, changes: Partial<NetworkLink> = {}): NetworkLink {
	return { ifindex, name, up: true, loopback: false, ethernet: true, mtu: 1500, ...changes };
}

/** A global address, unless told otherwise. */
export function address(
	ifindex: number,
	text: string,
	changes: Partial<NetworkAddress> = {},
): NetworkAddress {
	const prefixLength = text.includes(":") ? 64 : 24;
	return { ifindex, address: text, prefixLength, scope: "global", tentative: false, ...changes };
}

/** A network with what is told, and nothing else. */
export function network(parts: Partial<NetworkSnapshot>): NetworkSnapshot {
	return { links: [], addresses: [], defaultRoutes: [], ...parts };
}
