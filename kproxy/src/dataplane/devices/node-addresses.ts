import { BlockList, isIPv6 } from "node:net";
import type { NetworkAddress, NetworkSnapshot } from "bpf-loader";
import { type Device, NodeAddressFlag } from "../generated/tc.ts";

/** On which of the node's addresses NodePorts are served. */
export interface NodePortAddresses {
	/** The node's own addresses, `nodeIPs`. */
	primary: boolean;
	/** And those in these CIDRs. */
	cidrs: readonly string[];
}

/** What the node's addresses are, beside those that its devices have. */
export interface AddressSettings {
	nodeIPs: readonly string[];
	/** Undefined: all. */
	nodePortAddresses?: NodePortAddresses | undefined;
	/** False: NodePorts are not served on 127.0.0.1, whatever `nodePortAddresses` has. */
	localhostNodePorts?: boolean | undefined;
}

/** No address of the family. */
const NONE = "::";

/** The one address that stands for all of 127.0.0.0/8, here as in bpf/lib/frontend.h. */
const LOOPBACK = "127.0.0.1";

/**
 * Entries of the map `devices`: of each device that has an address its first of each family; at index 0 the node's own,
 * which are those of the default routes as long as nobody has said others.
 */
export function deviceEntries(
	{ links, addresses, defaultRoutes }: NetworkSnapshot,
	{ nodeIPs }: AddressSettings,
): [ifindex: number, Device][] {
	const usable = addresses.filter(isGlobal);
	const onDevice = (ifindex: number) =>
		usable.filter((each) => each.ifindex === ifindex).map(({ address }) => address);
	const byRoute = defaultRoutes.flatMap(({ ifindex }) => onDevice(ifindex));
	const withAddress = new Set(usable.map(({ ifindex }) => ifindex));
	const entries = links
		.filter(({ loopback, ifindex }) => !loopback && withAddress.has(ifindex))
		.map(({ ifindex }): [number, Device] => [ifindex, firstOfEach(onDevice(ifindex))]);
	return [[0, firstOfEach([...nodeIPs, ...byRoute])], ...entries];
}

function firstOfEach(addresses: readonly string[]): Device {
	return {
		ipv4: addresses.find((address) => !isIPv6(address)) ?? NONE,
		ipv6: addresses.find((address) => isIPv6(address)) ?? NONE,
	};
}

/**
 * Entries of the map `node_addresses`: those that are served of all addresses of devices that are up. As in kube-proxy,
 * ::1 never is, and link-local addresses are not.
 */
export function nodeAddressEntries(
	{ links, addresses }: NetworkSnapshot,
	{ nodeIPs, nodePortAddresses, localhostNodePorts = true }: AddressSettings,
): [address: string, NodeAddressFlag][] {
	const up = new Set(links.filter((link) => link.up).map(({ ifindex }) => ifindex));
	const local = addresses.filter((each) => up.has(each.ifindex) && !each.tentative);
	const isServed = servedTest(nodePortAddresses, nodeIPs);
	const served = local.filter(isGlobal).filter(({ address }) => isServed(address));
	const entries = new Map<string, NodeAddressFlag>(
		served.map(({ address }) => [address, NodeAddressFlag.PLAIN]),
	);
	if (localhostNodePorts && local.some(({ address }) => isLoopback(address) && isServed(address))) {
		entries.set(LOOPBACK, NodeAddressFlag.LOOPBACK);
	}
	return [...entries];
}

function servedTest(
	wanted: NodePortAddresses | undefined,
	nodeIPs: readonly string[],
): (address: string) => boolean {
	if (wanted === undefined) return () => true;
	const list = new BlockList();
	for (const cidr of wanted.cidrs) {
		const [network = "", bits] = cidr.split("/");
		list.addSubnet(network, Number(bits), familyOf(network));
	}
	return (address) => list.check(address, familyOf(address)) || (wanted.primary && nodeIPs.includes(address));
}

const familyOf = (address: string) => (isIPv6(address) ? "ipv6" : "ipv4");

const isLoopback = (address: string) => address.startsWith("127.");

/** An address that others may dial: scope `host` is loopback's, and `link` is the same on every link. */
function isGlobal({ address, scope, tentative }: NetworkAddress): boolean {
	return !tentative && scope !== "host" && scope !== "link" && !isLoopback(address) && address !== "::1";
}
