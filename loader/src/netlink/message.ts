import { BpfError } from "../errors.ts";

/** One netlink message; `body` is what follows its 16 byte header. */
export interface NetlinkMessage {
	type: number;
	flags: number;
	sequence: number;
	body: DataView;
}

const headerSize = 16;
const attributeHeaderSize = 4;
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER share the type's field. */
const attributeTypeMask = 0x3fff;
const aligned = (length: number): number => (length + 3) & ~3;

/** The messages in one datagram. Throws BpfError `NETLINK_FORMAT` where a length goes beyond it. */
export function* netlinkMessages(bytes: Uint8Array): Generator<NetlinkMessage> {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	for (let offset = 0; offset < view.byteLength; ) {
		const left = view.byteLength - offset;
		const length = left < headerSize ? left : view.getUint32(offset, true);
		if (length < headerSize || length > left) throw malformed("message", length, left);
		yield {
			type: view.getUint16(offset + 4, true),
			flags: view.getUint16(offset + 6, true),
			sequence: view.getUint32(offset + 8, true),
			body: part(view, offset + headerSize, length - headerSize),
		};
		offset += aligned(length);
	}
}

/** Attributes by number from `offset` on; of a number that comes twice, the last. Throws BpfError `NETLINK_FORMAT`. */
export function readAttributes(body: DataView, start = 0): Map<number, DataView> {
	const attributes = new Map<number, DataView>();
	for (let offset = start; offset < body.byteLength; ) {
		const left = body.byteLength - offset;
		const length = left < attributeHeaderSize ? left : body.getUint16(offset, true);
		if (length < attributeHeaderSize || length > left) throw malformed("attribute", length, left);
		const value = part(body, offset + attributeHeaderSize, length - attributeHeaderSize);
		attributes.set(body.getUint16(offset + 2, true) & attributeTypeMask, value);
		offset += aligned(length);
	}
	return attributes;
}

/** A 32-bit attribute; undefined where it is missing or too short. */
export const readU32 = (value: DataView | undefined): number | undefined =>
	value === undefined || value.byteLength < 4 ? undefined : value.getUint32(0, true);

/** A text attribute up to its NUL; undefined where it is missing. */
export function readText(value: DataView | undefined): string | undefined {
	if (value === undefined) return undefined;
	const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
	const end = bytes.indexOf(0);
	return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}

/** A request: the header, and a body that the caller has laid out. */
export function encodeRequest(request: {
	type: number;
	flags: number;
	sequence: number;
	body: Uint8Array;
}): Uint8Array {
	const bytes = new Uint8Array(headerSize + request.body.length);
	const view = new DataView(bytes.buffer);
	view.setUint32(0, bytes.length, true);
	view.setUint16(4, request.type, true);
	view.setUint16(6, request.flags, true);
	view.setUint32(8, request.sequence, true);
	bytes.set(request.body, headerSize);
	return bytes;
}

/** Fails where a message is shorter than the struct that its type has. Throws BpfError `NETLINK_FORMAT`. */
export function needBytes(body: DataView, length: number): void {
	if (body.byteLength < length) throw malformed("message", body.byteLength, length);
}

function part(view: DataView, offset: number, length: number): DataView {
	return new DataView(view.buffer, view.byteOffset + offset, length);
}

function malformed(what: string, length: number, room: number): BpfError {
	return new BpfError(`cannot read a netlink ${what}: it says ${length} bytes where ${room} are`, {
		code: "NETLINK_FORMAT",
		operation: "read",
		object: `netlink ${what}`,
	});
}
