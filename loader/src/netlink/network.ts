import { address4, address6 } from "../codec-address.ts";
import { type NetlinkMessage, needBytes, readAttributes, readText, readU32 } from "./message.ts";
import { NetlinkSocket } from "./socket.ts";

/** A network device. */
export interface NetworkLink {
	ifindex: number;
	name: string;
	/** Kind of a virtual device, as in `veth`, `vlan`, `bond`; none for hardware. */
	kind?: string;
	/** Switched on, with or without a carrier. */
	up: boolean;
	loopback: boolean;
	/** Its packets begin with an Ethernet header. */
	ethernet: boolean;
	/** Index of the bridge, bond or VRF that it belongs to. */
	master?: number;
	/** Kind of that device, as in `bridge`. */
	masterKind?: string;
	/** Bytes. */
	mtu: number;
	/** What it hangs on in another network namespace: of a veth or netkit device its other end. */
	peer?: LinkPeer;
}

/** A device in another network namespace. */
export interface LinkPeer {
	/** Its index there. */
	ifindex: number;
	/** The number that this namespace has for that one. */
	namespaceId: number;
}

/** An address of a device, in the canonical text of `inet_ntop`. */
export interface NetworkAddress {
	ifindex: number;
	address: string;
	prefixLength: number;
	scope: AddressScope;
	/** Not yet the host's: the kernel still looks for another that has it, or has found one. */
	tentative: boolean;
}

/** How far an address is valid. */
export type AddressScope = "global" | "site" | "link" | "host" | "nowhere" | `${number}`;

/** A device that a default route of the main table leaves by. */
export interface DefaultRoute {
	ifindex: number;
	family: "IPv4" | "IPv6";
}

/** Devices, addresses and default routes of one network namespace. */
export interface NetworkSnapshot {
	links: NetworkLink[];
	addresses: NetworkAddress[];
	defaultRoutes: DefaultRoute[];
}

/** Protocol number of rtnetlink. */
export const netlinkRoute = 0;

const newLink = 16;
const getLink = 18;
const newAddress = 20;
const getAddress = 22;
const newRoute = 24;
const getRoute = 26;

const familyIpv4 = 2;
const familyIpv6 = 10;

/** Devices, addresses and default routes of the calling thread's network namespace. Throws BpfError. */
export function readNetwork(): NetworkSnapshot {
	using socket = new NetlinkSocket(netlinkRoute);
	return readNetworkThrough(socket);
}

/** Same, of the namespace that the socket belongs to. */
export function readNetworkThrough(socket: NetlinkSocket): NetworkSnapshot {
	const dump = (type: number, body: Uint8Array, object: string) => socket.dump({ type, body, object });
	return {
		links: dump(getLink, linkRequest(), "the network devices").flatMap(parseLink),
		addresses: dump(getAddress, new Uint8Array(8), "the addresses").flatMap(parseAddress),
		defaultRoutes: dump(getRoute, new Uint8Array(12), "the routes").flatMap(parseDefaultRoutes),
	};
}

/** struct ifinfomsg and IFLA_EXT_MASK with RTEXT_FILTER_SKIP_STATS: counters are most of the bytes. */
function linkRequest(): Uint8Array {
	const bytes = new Uint8Array(24);
	const view = new DataView(bytes.buffer);
	view.setUint16(16, 8, true);
	view.setUint16(18, 29, true);
	view.setUint32(20, 8, true);
	return bytes;
}

/** The device that a message of `RTM_NEWLINK` tells of. */
export function parseLink({ type, body }: NetlinkMessage): NetworkLink[] {
	if (type !== newLink) return [];
	needBytes(body, 16);
	const attributes = readAttributes(body, 16);
	const name = readText(attributes.get(3));
	if (name === undefined) return [];
	const info = attributes.get(18);
	const infos = info === undefined ? new Map<number, DataView>() : readAttributes(info);
	const kind = readText(infos.get(1));
	const master = readU32(attributes.get(10));
	const masterKind = readText(infos.get(4));
	const flags = body.getUint32(8, true);
	return [
		{
			ifindex: body.getUint32(4, true),
			name,
			...(kind !== undefined && { kind }),
			up: (flags & 1) !== 0,
			loopback: (flags & 8) !== 0,
			ethernet: body.getUint16(2, true) === 1,
			...(master !== undefined && { master }),
			...(masterKind !== undefined && { masterKind }),
			mtu: readU32(attributes.get(4)) ?? 0,
			...peerOf(attributes),
		},
	];
}

/** NETNSA_NSID_NOT_ASSIGNED, which is -1. */
const noNamespace = 0xffff_ffff;

/** IFLA_LINK is an index in another namespace where IFLA_LINK_NETNSID is there, and 0 where nothing is left of it. */
function peerOf(attributes: ReadonlyMap<number, DataView>): Pick<NetworkLink, "peer"> {
	const [ifindex, namespaceId] = [readU32(attributes.get(5)), readU32(attributes.get(37))];
	if (!ifindex || namespaceId === undefined || namespaceId === noNamespace) return {};
	return { peer: { ifindex, namespaceId } };
}

const scopes: Readonly<Record<number, AddressScope>> = {
	0: "global",
	200: "site",
	253: "link",
	254: "host",
	255: "nowhere",
};
const flagTentative = 0x40;

/** The address that a message of `RTM_NEWADDR` tells of. */
export function parseAddress({ type, body }: NetlinkMessage): NetworkAddress[] {
	if (type !== newAddress) return [];
	needBytes(body, 8);
	const family = body.getUint8(0);
	const attributes = readAttributes(body, 8);
	// IFA_LOCAL is the host's own; without it IFA_ADDRESS, which is the other end's on a point-to-point device.
	const value = attributes.get(2) ?? attributes.get(1);
	const address = value && formatAddress(family, value);
	if (address === undefined) return [];
	const scope = body.getUint8(3);
	// IFA_FLAGS has bits that the old field of 8 has no room for.
	const flags = readU32(attributes.get(8)) ?? body.getUint8(2);
	return [
		{
			ifindex: body.getUint32(4, true),
			address,
			prefixLength: body.getUint8(1),
			scope: scopes[scope] ?? `${scope}`,
			tentative: (flags & flagTentative) !== 0,
		},
	];
}

/** Undefined where the family is another, or the length another family's. */
export function formatAddress(family: number, value: DataView): string | undefined {
	if (family === familyIpv4 && value.byteLength === 4) return address4.decode(value, 0);
	if (family === familyIpv6 && value.byteLength === 16) return address6.decode(value, 0);
	return undefined;
}

const mainTable = 254;
const unicast = 1;
const nextHopSize = 8;

/** The devices that a message of `RTM_NEWROUTE` sends by default to: none for a route to some place, or of another table. */
export function parseDefaultRoutes({ type, body }: NetlinkMessage): DefaultRoute[] {
	if (type !== newRoute || !isDefaultRoute(body)) return [];
	const attributes = readAttributes(body, 12);
	const table = readU32(attributes.get(15)) ?? body.getUint8(4);
	if (table !== mainTable || body.getUint8(7) !== unicast) return [];
	const family = body.getUint8(0) === familyIpv4 ? ("IPv4" as const) : ("IPv6" as const);
	const device = readU32(attributes.get(4));
	const hops = attributes.get(9);
	const devices = new Set<number>(device === undefined ? [] : [device]);
	if (hops !== undefined) for (const hop of nextHopDevices(hops)) devices.add(hop);
	return [...devices].map((ifindex) => ({ ifindex, family }));
}

/** Whether the body of a route message is about a default route of IPv4 or IPv6. */
export function isDefaultRoute(body: DataView): boolean {
	needBytes(body, 12);
	const family = body.getUint8(0);
	return (family === familyIpv4 || family === familyIpv6) && body.getUint8(1) === 0;
}

/** Indexes in an array of struct rtnexthop, each as long as it says. */
function* nextHopDevices(hops: DataView): Generator<number> {
	for (let offset = 0; offset + nextHopSize <= hops.byteLength; ) {
		yield hops.getUint32(offset + 4, true);
		const length = hops.getUint16(offset, true);
		if (length < nextHopSize) return;
		offset += (length + 3) & ~3;
	}
}
