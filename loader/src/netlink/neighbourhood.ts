import { address4, address6 } from "../codec-address.ts";
import { Errno } from "../errno.ts";
import { failure } from "../failure.ts";
import { type NetlinkMessage, needBytes, readAttributes, readU32 } from "./message.ts";
import { formatAddress, type LinkPeer, netlinkRoute, parseAddress } from "./network.ts";
import { NetlinkSocket } from "./socket.ts";

/** An address on a device's link, and who answers for it there. */
export interface Neighbour {
	ifindex: number;
	address: string;
	/** As in `02:42:ac:11:00:02`. */
	mac: string;
}

/** Where a bridge has seen a link-layer address; there is one for each VLAN. */
export interface BridgeEntry {
	/** Index of the bridge. */
	bridge: number;
	/** Index of the port. */
	port: number;
	mac: string;
}

/** What lies behind the devices of one network namespace, as the kernel knows it. */
export interface Neighbourhood {
	/**
	 * Addresses of a device in another namespace, which nobody enters; empty where it has gone. Needs CAP_NET_ADMIN over
	 * that namespace. Throws BpfError, PermissionError.
	 */
	addressesOf(peer: LinkPeer): string[];
	/** Index of the device by which packets for an address leave; undefined where none leads there. Throws BpfError. */
	deviceTowards(address: string): number | undefined;
	/** All that are known to answer, of both families. Throws BpfError. */
	neighbours(): Neighbour[];
	/** What bridges have learnt or were told; without their ports' own addresses. Throws BpfError. */
	bridgeEntries(): BridgeEntry[];
	close(): void;
	[Symbol.dispose](): void;
}

const getAddress = 22;
const newRoute = 24;
const getRoute = 26;
const newNeighbour = 28;
const getNeighbour = 30;

const familyIpv4 = 2;
const familyIpv6 = 10;
const familyBridge = 7;
/** IFA_TARGET_NETNSID. */
const targetNamespace = 10;
const unicast = 1;
/** NUD_INCOMPLETE, NUD_FAILED: asked, without an answer. */
const unanswered = 0x01 | 0x20;
/** NUD_PERMANENT: among bridge entries the ports' own. */
const permanent = 0x80;

/** With these the kernel says that no route leads to a place: none, or one that is unreachable, prohibit or blackhole. */
const noRoute: ReadonlySet<number> = new Set([
	Errno.ENETUNREACH,
	Errno.EHOSTUNREACH,
	Errno.EACCES,
	Errno.EINVAL,
]);

/** Opens the neighbourhood of the network namespace that the thread is in now, and stays with it. Throws BpfError. */
export function openNeighbourhood(): Neighbourhood {
	const socket = new NetlinkSocket(netlinkRoute);
	try {
		socket.strict();
	} catch (error) {
		socket.close();
		throw error;
	}
	return {
		addressesOf: (peer) => readPeer(socket, peer),
		deviceTowards: (address) => findDevice(socket, address),
		neighbours: () => listNeighbours(socket, 0, "the neighbours").flatMap(parseNeighbour),
		bridgeEntries: () =>
			listNeighbours(socket, familyBridge, "the bridges' entries").flatMap(parseBridgeEntry),
		close: () => socket.close(),
		[Symbol.dispose]: () => socket.close(),
	};
}

/** struct ifaddrmsg with the index, and the namespace to look in. */
function readPeer(socket: NetlinkSocket, { ifindex, namespaceId }: LinkPeer): string[] {
	const body = new Uint8Array(16);
	const view = new DataView(body.buffer);
	view.setUint32(4, ifindex, true);
	view.setUint16(8, 8, true);
	view.setUint16(10, targetNamespace, true);
	view.setInt32(12, namespaceId, true);
	const object = `the addresses of device ${ifindex} in network namespace ${namespaceId}`;
	const answered = socket.tryDump({ type: getAddress, body, object });
	if (typeof answered !== "number") return answered.flatMap(parseAddress).map(({ address }) => address);
	// No namespace has the number any more, or none of its devices the index.
	if (answered === Errno.EINVAL || answered === Errno.ENODEV) return [];
	// EACCES is this question's word for a missing capability.
	const errno = answered === Errno.EACCES ? Errno.EPERM : answered;
	throw failure({ operation: "read", object, needs: ["CAP_NET_ADMIN"] }, errno);
}

/** struct rtmsg and RTA_DST. */
function findDevice(socket: NetlinkSocket, address: string): number | undefined {
	const isIpv6 = address.includes(":");
	const size = isIpv6 ? 16 : 4;
	const body = new Uint8Array(16 + size);
	const view = new DataView(body.buffer);
	view.setUint8(0, isIpv6 ? familyIpv6 : familyIpv4);
	view.setUint8(1, size * 8);
	view.setUint16(12, 4 + size, true);
	view.setUint16(14, 1, true);
	(isIpv6 ? address6 : address4).encode(address, view, 16);
	const object = `the route to ${address}`;
	const answered = socket.ask({ type: getRoute, body, object });
	if (typeof answered !== "number") return answered.flatMap(parseDevice)[0];
	if (noRoute.has(answered)) return undefined;
	throw failure({ operation: "read", object }, answered);
}

/** The device that an answer of `RTM_NEWROUTE` names; none for an address of the node itself. */
function parseDevice({ type, body }: NetlinkMessage): number[] {
	if (type !== newRoute) return [];
	needBytes(body, 12);
	const device = readU32(readAttributes(body, 12).get(4));
	return body.getUint8(7) !== unicast || device === undefined ? [] : [device];
}

/** struct ndmsg. */
function listNeighbours(socket: NetlinkSocket, family: number, object: string): NetlinkMessage[] {
	const body = new Uint8Array(12);
	body[0] = family;
	return socket.dump({ type: getNeighbour, body, object }).filter(({ type }) => type === newNeighbour);
}

function parseNeighbour({ body }: NetlinkMessage): Neighbour[] {
	needBytes(body, 12);
	const attributes = readAttributes(body, 12);
	const [value, link] = [attributes.get(1), attributes.get(2)];
	const address = value && formatAddress(body.getUint8(0), value);
	if (address === undefined || link === undefined || (body.getUint16(8, true) & unanswered) !== 0) return [];
	return [{ ifindex: body.getUint32(4, true), address, mac: formatMac(link) }];
}

/** Without NDA_MASTER it is an entry of the device itself, such as a remote end of a vxlan device. */
function parseBridgeEntry({ body }: NetlinkMessage): BridgeEntry[] {
	needBytes(body, 12);
	const attributes = readAttributes(body, 12);
	const [link, bridge] = [attributes.get(2), readU32(attributes.get(9))];
	if (link === undefined || bridge === undefined || (body.getUint16(8, true) & permanent) !== 0) return [];
	return [{ bridge, port: body.getUint32(4, true), mac: formatMac(link) }];
}

const formatMac = (value: DataView): string =>
	Buffer.from(value.buffer, value.byteOffset, value.byteLength)
		.toString("hex")
		.replace(/(..)(?=.)/g, "$1:");
