import { addressText } from "./addresses.ts";
import { protocols, pseudoSum } from "./build.ts";
import { crc32c, sumWords } from "./checksums.ts";

/** What is in a frame, and where. */
export interface Parsed {
	family: 4 | 6;
	source: string;
	destination: string;
	/** Of what it carries; of an IPv6 extension, where these do not end. */
	protocol: number;
	/** Offset of the IP header, of what it carries, and of the end of the packet, without padding. */
	ip: number;
	transport: number;
	end: number;
	/** Ports, where it is no later fragment and long enough. */
	sourcePort?: number;
	destinationPort?: number;
	fragment: { id: number; first: boolean; later: boolean };
	/** An ICMP error, its type, and the packet inside. */
	isError?: boolean;
	icmpType?: number;
	inner?: Parsed;
}

const ICMP_ERRORS = [3, 4, 5, 11, 12];
const EXTENSIONS = [0, 43, 44, 60];
/** Extensions that are walked over. */
export const EXTENSION_LIMIT = 4;

/** Why a frame is no packet that anything here is about. */
export type Unparsed = "NOT_IP" | "BAD_PACKET";

/** Reads an Ethernet frame. */
export function parseFrame(frame: Uint8Array): Parsed | Unparsed {
	const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
	if (type === 0x0800) return parseIp(frame, 14, 4);
	return type === 0x86dd ? parseIp(frame, 14, 6) : "NOT_IP";
}

function parseIp(frame: Uint8Array, ip: number, family: 4 | 6): Parsed | Unparsed {
	const found = family === 4 ? parse4(frame, ip) : parse6(frame, ip);
	if (typeof found === "string" || found.fragment.later) return found;
	const view = viewOf(frame);
	if ([protocols.TCP, protocols.UDP, protocols.SCTP].includes(found.protocol as 6)) {
		if (frame.length >= found.transport + 4) {
			found.sourcePort = view.getUint16(found.transport);
			found.destinationPort = view.getUint16(found.transport + 2);
		}
	} else if (ip === 14 && isError(frame, found)) {
		found.isError = true;
		found.icmpType = frame[found.transport] ?? 0;
		const inner = parseIp(frame, found.transport + 8, family);
		if (typeof inner !== "string") found.inner = inner;
	}
	return found;
}

const isError = (frame: Uint8Array, { family, protocol, transport, fragment }: Parsed): boolean => {
	const type = frame[transport] ?? 255;
	if (fragment.first) return false;
	return family === 4
		? protocol === protocols.ICMP && ICMP_ERRORS.includes(type)
		: protocol === protocols.ICMPv6 && type < 128;
};

export const viewOf = (bytes: Uint8Array): DataView =>
	new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function parse4(frame: Uint8Array, ip: number): Parsed | Unparsed {
	const header = ((frame[ip] ?? 0) & 0xf) * 4;
	if (frame.length < ip + 20 || header < 20) return "BAD_PACKET";
	const view = viewOf(frame);
	const offset = view.getUint16(ip + 6);
	const later = (offset & 0x1fff) !== 0;
	return {
		family: 4,
		source: addressText(frame.subarray(ip + 12, ip + 16)),
		destination: addressText(frame.subarray(ip + 16, ip + 20)),
		protocol: frame[ip + 9] ?? 0,
		ip,
		transport: ip + header,
		end: Math.min(frame.length, ip + view.getUint16(ip + 2)),
		fragment: { id: view.getUint16(ip + 4), later, first: !later && (offset & 0x2000) !== 0 },
	};
}

function parse6(frame: Uint8Array, ip: number): Parsed | Unparsed {
	if (frame.length < ip + 40) return "BAD_PACKET";
	const view = viewOf(frame);
	const found: Parsed = {
		family: 6,
		source: addressText(frame.subarray(ip + 8, ip + 24)),
		destination: addressText(frame.subarray(ip + 24, ip + 40)),
		protocol: frame[ip + 6] ?? 0,
		ip,
		transport: ip + 40,
		end: Math.min(frame.length, ip + 40 + view.getUint16(ip + 4)),
		fragment: { id: 0, first: false, later: false },
	};
	for (let walked = 0; EXTENSIONS.includes(found.protocol) && !found.fragment.later; walked++) {
		const at = found.transport;
		if (walked === EXTENSION_LIMIT || frame.length < at + 8) return found;
		if (found.protocol === 44) {
			const offset = view.getUint16(at + 2);
			const later = offset >= 8;
			found.fragment = { id: view.getUint32(at + 4), later, first: !later && (offset & 1) === 1 };
			found.transport += 8;
		} else found.transport += ((frame[at + 1] ?? 0) + 1) * 8;
		found.protocol = frame[at] ?? 0;
	}
	return found;
}

/** Checksums of a frame that are wrong, by name; fragments have one of IP only. */
export function wrongChecksums(frame: Uint8Array): string[] {
	const packet = parseFrame(frame);
	if (typeof packet === "string") return [];
	const wrong: string[] = [];
	if (!headerSumFits(frame, packet)) wrong.push("IPv4 header");
	if (packet.inner && !headerSumFits(frame, packet.inner)) wrong.push("inner IPv4 header");
	if (!packet.fragment.first && !packet.fragment.later && !transportFits(frame, packet))
		wrong.push("transport");
	const { inner } = packet;
	if (inner && isWhole(frame, packet, inner) && !transportFits(frame, inner)) wrong.push("inner transport");
	return wrong;
}

/** Did all of the inner packet come along? SCTP's sum is left alone there: errors are told by the verification tag. */
function isWhole(frame: Uint8Array, packet: Parsed, inner: Parsed): boolean {
	const { family, ip, protocol, fragment } = inner;
	const length = viewOf(frame).getUint16(ip + (family === 4 ? 2 : 4)) + (family === 4 ? 0 : 40);
	return length <= packet.end - ip && !fragment.first && protocol !== protocols.SCTP;
}

const headerSumFits = (frame: Uint8Array, { family, ip, transport }: Parsed): boolean =>
	family === 6 || sumWords(frame.subarray(ip, transport)) === 0xffff;

function transportFits(frame: Uint8Array, packet: Parsed): boolean {
	const { protocol, transport, end, family, source: from, destination: to } = packet;
	const body = frame.slice(transport, end);
	if (protocol === protocols.SCTP) {
		if (body.length < 12) return true;
		const written = viewOf(body).getUint32(8, true);
		viewOf(body).setUint32(8, 0);
		return crc32c(body) === written;
	}
	if (protocol === protocols.ICMP && family === 4) return sumWords(body) === 0xffff;
	if (protocol === protocols.UDP && viewOf(body).getUint16(6) === 0) return true;
	if (![protocols.TCP, protocols.UDP, protocols.ICMPv6].includes(protocol as 6)) return true;
	return sumWords(body, pseudoSum({ from, to, protocol }, body.length)) === 0xffff;
}
