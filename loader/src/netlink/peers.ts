/** What lies behind the links of a network namespace. */

import { address4, address6 } from "../codec-address.ts";
import { failure } from "../failure.ts";
import { checkStrictly } from "../ffi/netlink.ts";
import { type NetlinkMessage, needBytes, readAttributes, readU32 } from "./message.ts";
import { type NetworkAddress, netlinkRoute, parseAddress } from "./network.ts";
import { NetlinkSocket } from "./socket.ts";

/** An address that is reached directly by a device, and by which link-layer address. */
export interface Neighbour {
	ifindex: number;
	address: string;
	/** As in `02:42:ac:11:00:02`. */
	mac: string;
}

/** A port of a bridge, and a link-layer address that was learnt there. */
export interface BridgeEntry {
	/** The port. */
	ifindex: number;
	mac: string;
}

/** A route to one address, without a gateway. */
export interface HostRoute {
	ifindex: number;
	address: string;
}

const getAddress = 22;
const newRoute = 24;
const getRoute = 26;
const newNeighbour = 28;
const getNeighbour = 30;
const familyBridge = 7;
const targetNamespace = 10;
const unicast = 1;
/** NUD_INCOMPLETE and NUD_FAILED: nobody is known there. */
const unresolved = 0x01 | 0x20;

/**
 * Addresses in another network namespace, by the number that this one has for it: what `peer` of a link says. Nobody
 * enters it. Empty where the namespace has gone. Throws BpfError; needs CAP_NET_ADMIN there.
 */
export function readAddressesIn(namespaceId: number): NetworkAddress[] {
	using socket = new NetlinkSocket(netlinkRoute);
	const object = `the addresses of network namespace ${namespaceId}`;
	const status = checkStrictly(socket.fd);
	if (status < 0) throw failure({ operation: "read", object }, -status);
	const body = new Uint8Array(16);
	const view = new DataView(body.buffer);
	view.setUint16(8, 8, true);
	view.setUint16(10, targetNamespace, true);
	view.setInt32(12, namespaceId, true);
	const answered = socket.tryDump({ type: getAddress, body, object });
	// EINVAL: no namespace has the number any more.
	if (answered === 22) return [];
	if (typeof answered === "number") throw failure({ operation: "read", object }, answered);
	return answered.flatMap(parseAddress);
}

/** Everybody that devices of this network namespace know on their links. Throws BpfError. */
export function readNeighbours(): Neighbour[] {
	return readNeighbourMessages(0).flatMap(({ body, attributes }) => {
		const [address, mac] = [attributes.get(1), attributes.get(2)];
		if (!address || !mac || body.getUint16(8, true) & unresolved) return [];
		return [{ ifindex: body.getUint32(4, true), address: addressOf(address), mac: macOf(mac) }];
	});
}

/** What bridges of this network namespace have learnt. Throws BpfError. */
export function readBridgeEntries(): BridgeEntry[] {
	return readNeighbourMessages(familyBridge).flatMap(({ body, attributes }) => {
		const mac = attributes.get(2);
		return mac ? [{ ifindex: body.getUint32(4, true), mac: macOf(mac) }] : [];
	});
}

/** Routes to single addresses that lead out of a device without a gateway. Throws BpfError. */
export function readHostRoutes(): HostRoute[] {
	using socket = new NetlinkSocket(netlinkRoute);
	return socket
		.dump({ type: getRoute, body: new Uint8Array(12), object: "the routes" })
		.flatMap(parseHostRoute);
}

function parseHostRoute({ type, body }: NetlinkMessage): HostRoute[] {
	if (type !== newRoute) return [];
	needBytes(body, 12);
	const bits = body.getUint8(0) === 2 ? 32 : 128;
	if (body.getUint8(1) !== bits || body.getUint8(7) !== unicast) return [];
	const attributes = readAttributes(body, 12);
	const [destination, ifindex] = [attributes.get(1), readU32(attributes.get(4))];
	if (!destination || ifindex === undefined || attributes.has(5)) return [];
	return [{ ifindex, address: addressOf(destination) }];
}

function readNeighbourMessages(family: number) {
	using socket = new NetlinkSocket(netlinkRoute);
	const body = new Uint8Array(12);
	body[0] = family;
	const messages = socket.dump({ type: getNeighbour, body, object: "the neighbours" });
	return messages
		.filter(({ type }) => type === newNeighbour)
		.map(({ body: found }) => {
			needBytes(found, 12);
			return { body: found, attributes: readAttributes(found, 12) };
		});
}

const addressOf = (value: DataView): string =>
	(value.byteLength === 4 ? address4 : address6).decode(value, 0);

const macOf = (value: DataView): string =>
	Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), (byte) =>
		byte.toString(16).padStart(2, "0"),
	).join(":");
