import { isIPv6 } from "node:net";
import { pseudoHeader, sum } from "./checksum.ts";

/** Where a packet is from and to, and what its IP header says besides. Family by the addresses. */
export interface IpOptions {
	source: string;
	destination: string;
	/** 64 unless told. */
	ttl?: number;
	/** IPv4 only; not set unless told. */
	dontFragment?: boolean;
	payload?: Uint8Array;
}

/** Ports of a TCP segment or UDP datagram. */
export interface PortOptions extends IpOptions {
	sourcePort: number;
	destinationPort: number;
}

/** An Ethernet frame around an IP packet, with a VLAN tag where one is given. Addresses are `aa:bb:cc:dd:ee:ff`. */
export function ethernetFrame(of: {
	source: string;
	destination: string;
	vlan?: number;
	packet: Buffer;
}): Buffer {
	const { source, destination, vlan, packet } = of;
	const type = (packet[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800;
	const types = vlan === undefined ? [type] : [0x8100, vlan, type];
	return Buffer.concat([macBytes(destination), macBytes(source), ...types.map(uint16), packet]);
}

/** A UDP datagram from its IP header on, with its checksums. */
export function udpPacket(options: PortOptions): Buffer {
	const { sourcePort, destinationPort, payload = Buffer.alloc(0) } = options;
	const header = [sourcePort, destinationPort, 8 + payload.length, 0].map(uint16);
	const body = Buffer.concat([...header, payload]);
	// Zero would say that there is none.
	body.writeUInt16BE(transportSum(options, { protocol: 17, body }) || 0xffff, 6);
	return ipPacket(options, { protocol: 17, body });
}

/** A TCP segment from its IP header on, with its checksums; `flags` are letters such as `SA`. */
export function tcpPacket(
	options: PortOptions & { flags: string; sequence?: number; acknowledgement?: number },
): Buffer {
	const { flags, sequence = 0, acknowledgement = 0, payload = Buffer.alloc(0) } = options;
	const header = Buffer.alloc(20);
	header.writeUInt16BE(options.sourcePort, 0);
	header.writeUInt16BE(options.destinationPort, 2);
	header.writeUInt32BE(sequence, 4);
	header.writeUInt32BE(acknowledgement, 8);
	header.writeUInt8(5 << 4, 12);
	header.writeUInt8(
		[...flags].reduce((bits, flag) => bits | (1 << "FSRPAUEC".indexOf(flag)), 0),
		13,
	);
	header.writeUInt16BE(0xffff, 14);
	const body = Buffer.concat([header, payload]);
	body.writeUInt16BE(transportSum(options, { protocol: 6, body }), 16);
	return ipPacket(options, { protocol: 6, body });
}

/** An ICMP or ICMPv6 message from its IP header on; `payload` is what an error quotes, from its IP header on. */
export function icmpPacket(options: IpOptions & { type: number; code: number; mtu?: number }): Buffer {
	const { type, code, mtu = 0, payload = Buffer.alloc(0) } = options;
	const header = Buffer.alloc(8);
	header.writeUInt8(type, 0);
	header.writeUInt8(code, 1);
	header.writeUInt32BE(mtu, 4);
	const body = Buffer.concat([header, payload]);
	const protocol = isIPv6(options.source) ? 58 : 1;
	body.writeUInt16BE(protocol === 1 ? sum([body]) : transportSum(options, { protocol, body }), 2);
	return ipPacket(options, { protocol, body });
}

/** An IP packet around any body. */
export function ipPacket(options: IpOptions, { protocol, body }: { protocol: number; body: Buffer }): Buffer {
	const { source, destination, ttl = 64, dontFragment = false } = options;
	if (isIPv6(source)) {
		const header = Buffer.alloc(8);
		header.writeUInt8(0x60, 0);
		header.writeUInt16BE(body.length, 4);
		header.writeUInt8(protocol, 6);
		header.writeUInt8(ttl, 7);
		return Buffer.concat([header, addressBytes(source), addressBytes(destination), body]);
	}
	const header = Buffer.alloc(12);
	header.writeUInt8(0x45, 0);
	header.writeUInt16BE(20 + body.length, 2);
	header.writeUInt16BE(dontFragment ? 0x4000 : 0, 6);
	header.writeUInt8(ttl, 8);
	header.writeUInt8(protocol, 9);
	const whole = Buffer.concat([header, addressBytes(source), addressBytes(destination)]);
	whole.writeUInt16BE(sum([whole]), 10);
	return Buffer.concat([whole, body]);
}

function transportSum(
	{ source, destination }: IpOptions,
	{ protocol, body }: { protocol: number; body: Buffer },
): number {
	const pseudo = Buffer.concat([addressBytes(source), addressBytes(destination)]);
	return sum([pseudoHeader({ pseudo, size: body.length, protocol }), body]);
}

function addressBytes(text: string): Buffer {
	if (!isIPv6(text)) return Buffer.from(text.split(".").map(Number));
	const [before = "", after] = text.split("::");
	const groupsOf = (part: string | undefined) => (part ? part.split(":") : []);
	const [head, tail] = [groupsOf(before), groupsOf(after)];
	const zeros = Array<string>(8 - head.length - tail.length).fill("0");
	return Buffer.concat([...head, ...zeros, ...tail].map((group) => uint16(Number.parseInt(group, 16))));
}

function macBytes(text: string): Buffer {
	return Buffer.from(text.replaceAll(":", ""), "hex");
}

function uint16(value: number): Buffer {
	return Buffer.from([value >> 8, value & 0xff]);
}
