import { isIpv4, wireAddress } from "./addresses.ts";
import { crc32c, internetChecksum, sumWords } from "./checksums.ts";

/** Numbers of the protocols that packets have. */
export const protocols = { ICMP: 1, TCP: 6, UDP: 17, ICMPv6: 58, SCTP: 132 } as const;
const tcpFlags: Readonly<Record<string, number>> = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16 };
const sctpChunks: Readonly<Record<string, number>> = {
	DATA: 0,
	INIT: 1,
	"INIT ACK": 2,
	ABORT: 6,
	SHUTDOWN: 7,
	COMPLETE: 14,
};

/** A packet in words. What is left out is ordinary: TTL 63, no options, right checksums. */
export interface PacketWords {
	from: string;
	to: string;
	/** TCP, UDP, SCTP, or ICMP for an error of either family; a number for anything else. */
	protocol: "TCP" | "UDP" | "SCTP" | "ICMP" | number;
	sourcePort?: number;
	destinationPort?: number;
	/** TCP: such as `SYN ACK`. */
	flags?: string;
	/** SCTP: name of the chunk. */
	chunk?: string;
	seq?: number;
	ack?: number;
	/** Bytes behind the transport header. */
	payload?: number;
	/** UDP: `none` for 0; `wrong` leaves one that is wrong. */
	checksum?: "none" | "wrong";
	ttl?: number;
	/** IPv4: bytes of options, a multiple of 4. */
	options?: number;
	/** IPv6: next-header numbers of 8-byte extensions in front of the transport. */
	extensions?: readonly number[];
	/** Size of the first of them, where it is not 8. */
	extensionBytes?: number;
	/** Which piece of the whole packet this is: bytes of the IP payload from `offset`, `length` of them. */
	fragment?: { id: number; offset: number; length: number };
	/** ICMP: type, code, the last four header bytes; of an error, the packet inside with that many bytes of its payload. */
	error?: { type: number; code: number; rest?: number; about?: PacketWords; keep?: number };
	/** Frame bytes left after all: a packet cut short. */
	cut?: number;
	/** Zero bytes behind the packet, as short Ethernet frames have them. */
	padding?: number;
	/** Bytes of the frame that are overwritten in the end, by offset. */
	bytes?: Readonly<Record<number, number>>;
	/** Another EtherType. */
	etherType?: number;
}

/** Bytes of the frame. */
export function buildFrame(packet: PacketWords): Uint8Array {
	const ip = buildIp(packet);
	const frame = new Uint8Array(14 + ip.length + (packet.padding ?? 0));
	frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1], 0);
	new DataView(frame.buffer).setUint16(12, packet.etherType ?? (isIpv4(packet.from) ? 0x0800 : 0x86dd));
	frame.set(ip, 14);
	for (const [offset, value] of Object.entries(packet.bytes ?? {})) frame[Number(offset)] = value;
	return frame.slice(0, packet.cut ?? frame.length);
}

/** The IP packet without a frame. */
export function buildIp(packet: PacketWords): Uint8Array {
	const whole = buildTransport(packet);
	const { fragment } = packet;
	const body = fragment ? whole.subarray(fragment.offset, fragment.offset + fragment.length) : whole;
	const more = fragment !== undefined && fragment.offset + fragment.length < whole.length;
	return isIpv4(packet.from) ? ipv4(packet, body, more) : ipv6(packet, body, more);
}

const protocolNumber = ({ protocol, from }: PacketWords): number => {
	if (typeof protocol === "number") return protocol;
	return protocol === "ICMP" && !isIpv4(from) ? protocols.ICMPv6 : protocols[protocol];
};

function ipv4(packet: PacketWords, body: Uint8Array, more: boolean): Uint8Array {
	const header = 20 + (packet.options ?? 0);
	const bytes = new Uint8Array(header + body.length);
	const view = new DataView(bytes.buffer);
	bytes[0] = 0x40 | (header / 4);
	view.setUint16(2, bytes.length);
	view.setUint16(4, packet.fragment?.id ?? 0x1234);
	view.setUint16(6, packet.fragment ? (more ? 0x2000 : 0) | (packet.fragment.offset / 8) : 0x4000);
	bytes[8] = packet.ttl ?? 63;
	bytes[9] = protocolNumber(packet);
	bytes.set(wireAddress(packet.from), 12);
	bytes.set(wireAddress(packet.to), 16);
	bytes.fill(1, 20, header);
	view.setUint16(10, internetChecksum(bytes.subarray(0, header)));
	bytes.set(body, header);
	return bytes;
}

function ipv6(packet: PacketWords, body: Uint8Array, more: boolean): Uint8Array {
	const chain = [...(packet.extensions ?? []), ...(packet.fragment ? [44] : [])];
	const longer = (packet.extensionBytes ?? 8) - 8;
	const bytes = new Uint8Array(40 + longer + chain.length * 8 + body.length);
	const view = new DataView(bytes.buffer);
	bytes[0] = 0x60;
	view.setUint16(4, bytes.length - 40);
	bytes[6] = chain[0] ?? protocolNumber(packet);
	bytes[7] = packet.ttl ?? 63;
	bytes.set(wireAddress(packet.from), 8);
	bytes.set(wireAddress(packet.to), 24);
	chain.forEach((type, index) => {
		const at = 40 + index * 8 + (index > 0 ? longer : 0);
		bytes[at] = chain[index + 1] ?? protocolNumber(packet);
		if (type === 44 && packet.fragment) {
			view.setUint16(at + 2, packet.fragment.offset | (more ? 1 : 0));
			view.setUint32(at + 4, packet.fragment.id);
		} else if (type !== 44) bytes.set([index === 0 ? longer / 8 : 0, 1, 4], at + 1); // PadN of six bytes, then Pad1
	});
	bytes.set(body, 40 + longer + chain.length * 8);
	return bytes;
}

function buildTransport(packet: PacketWords): Uint8Array {
	switch (packet.protocol) {
		case "TCP":
			return tcp(packet);
		case "UDP":
			return udp(packet);
		case "SCTP":
			return sctp(packet);
		case "ICMP":
			return icmp(packet);
		default:
			return payloadOf(packet, 8);
	}
}

function payloadOf(packet: PacketWords, header: number): Uint8Array {
	const bytes = new Uint8Array(header + (packet.payload ?? 0));
	for (let at = header; at < bytes.length; at++) bytes[at] = (at * 7 + 3) & 0xff;
	const view = new DataView(bytes.buffer);
	if (packet.sourcePort !== undefined) view.setUint16(0, packet.sourcePort);
	if (packet.destinationPort !== undefined) view.setUint16(2, packet.destinationPort);
	return bytes;
}

/** Sum of the pseudo header in front of this many bytes. */
export function pseudoSum(ends: { from: string; to: string; protocol: number }, length: number): number {
	return sumWords(wireAddress(ends.from), sumWords(wireAddress(ends.to), ends.protocol + length));
}

const pseudoOf = (packet: PacketWords, length: number) =>
	pseudoSum({ from: packet.from, to: packet.to, protocol: protocolNumber(packet) }, length);

function tcp(packet: PacketWords): Uint8Array {
	const bytes = payloadOf(packet, 20);
	const view = new DataView(bytes.buffer);
	view.setUint32(4, packet.seq ?? 1000);
	view.setUint32(8, packet.ack ?? 0);
	bytes[12] = 5 << 4;
	bytes[13] = (packet.flags ?? "ACK").split(" ").reduce((sum, name) => sum | (tcpFlags[name] ?? 0), 0);
	view.setUint16(14, 64000);
	view.setUint16(
		16,
		internetChecksum(bytes, pseudoOf(packet, bytes.length)) ^ (packet.checksum ? 0x5555 : 0),
	);
	return bytes;
}

function udp(packet: PacketWords): Uint8Array {
	const bytes = payloadOf(packet, 8);
	const view = new DataView(bytes.buffer);
	view.setUint16(4, bytes.length);
	if (packet.checksum !== "none")
		view.setUint16(6, internetChecksum(bytes, pseudoOf(packet, bytes.length)) || 0xffff);
	return bytes;
}

function sctp(packet: PacketWords): Uint8Array {
	const bytes = payloadOf(packet, 16);
	const view = new DataView(bytes.buffer);
	view.setUint32(4, 0xdecade);
	bytes[12] = sctpChunks[packet.chunk ?? "DATA"] ?? 0;
	view.setUint16(14, bytes.length - 12);
	view.setUint32(8, crc32c(bytes), true);
	return bytes;
}

function icmp(packet: PacketWords): Uint8Array {
	const { type = 8, code = 0, rest = 0, about, keep } = packet.error ?? {};
	const inner = about ? buildIp(about) : new Uint8Array(8);
	const header = about === undefined ? 8 : inner.length - buildTransport(about).length;
	const kept = inner.subarray(0, keep === undefined ? inner.length : header + keep);
	const bytes = new Uint8Array(8 + kept.length);
	const view = new DataView(bytes.buffer);
	bytes[0] = packet.error || isIpv4(packet.from) ? type : 128;
	bytes[1] = code;
	view.setUint32(4, rest);
	bytes.set(kept, 8);
	view.setUint16(2, internetChecksum(bytes, isIpv4(packet.from) ? 0 : pseudoOf(packet, bytes.length)));
	return bytes;
}
