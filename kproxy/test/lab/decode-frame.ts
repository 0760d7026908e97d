import { SocketAddress } from "node:net";
import { pseudoHeader, sum } from "./checksum.ts";
import type { IpHeader, Packet, TcpHeader } from "./packet.ts";

const VLAN_TYPES = [0x8100, 0x88a8];
const FRAGMENT_HEADER = 44;
const EXTENSION_HEADERS = [0, 43, 60];
const IPV4_ERRORS = [3, 5, 11, 12];
const IPV6_ERRORS = [1, 2, 3, 4];

/** Decodes a frame as far as it can: what is cut off or unknown is left out. */
export function decodeFrame(frame: Buffer): Packet {
	if (frame.length < 14) return { ethernet: { source: "", destination: "", type: 0 } };
	const outer = frame.readUInt16BE(12);
	const tagged = VLAN_TYPES.includes(outer) && frame.length >= 18;
	const type = tagged ? frame.readUInt16BE(16) : outer;
	const rest = frame.subarray(tagged ? 18 : 14);
	return {
		ethernet: { destination: macAt(frame, 0), source: macAt(frame, 6), type },
		...(tagged && { vlan: frame.readUInt16BE(14) & 0xfff }),
		...(type === 0x0800 || type === 0x86dd ? decodeIp(rest) : {}),
	};
}

/** Decodes a packet from its IP header on. */
export function decodeIp(data: Buffer): Omit<Packet, "ethernet"> {
	const version = (data[0] ?? 0) >> 4;
	if (version === 4 && data.length >= 20) return decodeIpv4(data);
	if (version === 6 && data.length >= 40) return decodeIpv6(data);
	return {};
}

function decodeIpv4(data: Buffer): Omit<Packet, "ethernet"> {
	const headerSize = (data.readUInt8(0) & 15) * 4;
	const fragment = data.readUInt16BE(6);
	const ip: IpHeader = {
		version: 4,
		source: data.subarray(12, 16).join("."),
		destination: data.subarray(16, 20).join("."),
		ttl: data.readUInt8(8),
		protocol: data.readUInt8(9),
		dontFragment: (fragment & 0x4000) !== 0,
		moreFragments: (fragment & 0x2000) !== 0,
		fragmentOffset: (fragment & 0x1fff) * 8,
		checksumRight: sum([data.subarray(0, headerSize)]) === 0,
	};
	const size = data.readUInt16BE(2);
	return {
		ip,
		...decodeTransport(ip, {
			body: data.subarray(headerSize, size),
			size: size - headerSize,
			pseudo: data.subarray(12, 20),
		}),
	};
}

function decodeIpv6(data: Buffer): Omit<Packet, "ethernet"> {
	const ip: IpHeader = {
		version: 6,
		source: ipv6At(data, 8),
		destination: ipv6At(data, 24),
		ttl: data.readUInt8(7),
		protocol: data.readUInt8(6),
		dontFragment: true,
		moreFragments: false,
		fragmentOffset: 0,
		checksumRight: true,
	};
	const end = 40 + data.readUInt16BE(4);
	let at = 40;
	while (
		(EXTENSION_HEADERS.includes(ip.protocol) || ip.protocol === FRAGMENT_HEADER) &&
		at + 8 <= data.length
	) {
		let headerSize = (data.readUInt8(at + 1) + 1) * 8;
		if (ip.protocol === FRAGMENT_HEADER) {
			headerSize = 8;
			const fragment = data.readUInt16BE(at + 2);
			Object.assign(ip, {
				dontFragment: false,
				moreFragments: (fragment & 1) !== 0,
				fragmentOffset: fragment & 0xfff8,
			});
		}
		ip.protocol = data.readUInt8(at);
		at += headerSize;
	}
	return {
		ip,
		...decodeTransport(ip, { body: data.subarray(at, end), size: end - at, pseudo: data.subarray(8, 40) }),
	};
}

/** `size` is what the IP header says: an error quotes less than that. */
interface Transport {
	body: Buffer;
	size: number;
	pseudo: Buffer;
}

function decodeTransport(ip: IpHeader, transport: Transport): Omit<Packet, "ethernet"> {
	const { body, size } = transport;
	if (ip.fragmentOffset > 0) return { payload: body };
	const whole = !ip.moreFragments && body.length === size;
	const checksum = whole ? { checksumRight: checksumRight(ip, transport) } : {};
	switch (ip.protocol) {
		case 6:
			return body.length < 8 ? {} : { ...decodeTcp(body), ...checksum };
		case 17:
			return body.length < 8 ? {} : { ...decodeUdp(body), ...checksum };
		case 1:
		case 58:
			return body.length < 8 ? {} : { ...decodeIcmp(ip, body), ...checksum };
		default:
			return { payload: body };
	}
}

/** An ICMP error may quote no more than the first 8 bytes. */
function decodeTcp(body: Buffer): { tcp: TcpHeader; payload: Buffer } {
	const whole = body.length >= 20;
	const bits = whole ? body.readUInt8(13) : 0;
	return {
		tcp: {
			sourcePort: body.readUInt16BE(0),
			destinationPort: body.readUInt16BE(2),
			sequence: body.readUInt32BE(4),
			acknowledgement: whole ? body.readUInt32BE(8) : 0,
			flags: [..."FSRPAUEC"].filter((_, bit) => bits & (1 << bit)).join(""),
			window: whole ? body.readUInt16BE(14) : 0,
		},
		payload: whole ? body.subarray((body.readUInt8(12) >> 4) * 4) : Buffer.alloc(0),
	};
}

function decodeUdp(body: Buffer): Pick<Packet, "udp" | "payload"> {
	const udp = {
		sourcePort: body.readUInt16BE(0),
		destinationPort: body.readUInt16BE(2),
		checksum: body.readUInt16BE(6),
	};
	return { udp, payload: body.subarray(8) };
}

function decodeIcmp({ version }: IpHeader, body: Buffer): Pick<Packet, "icmp" | "payload"> {
	const [type, code] = [body.readUInt8(0), body.readUInt8(1)];
	const isError = (version === 4 ? IPV4_ERRORS : IPV6_ERRORS).includes(type);
	if (!isError) return { icmp: { type, code }, payload: body.subarray(8) };
	const mtu =
		version === 4 && type === 3 && code === 4
			? { mtu: body.readUInt16BE(6) }
			: version === 6 && type === 2
				? { mtu: body.readUInt32BE(4) }
				: {};
	return { icmp: { type, code, ...mtu, inner: decodeIp(body.subarray(8)) } };
}

function checksumRight(ip: IpHeader, { body, size, pseudo }: Transport): boolean {
	if (ip.protocol === 1) return sum([body]) === 0;
	if (ip.protocol === 17 && ip.version === 4 && body.length >= 8 && body.readUInt16BE(6) === 0) return true;
	return sum([pseudoHeader({ pseudo, size, protocol: ip.protocol }), body]) === 0;
}

function macAt(frame: Buffer, at: number): string {
	return [...frame.subarray(at, at + 6)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** As RFC 5952 writes it. */
function ipv6At(data: Buffer, at: number): string {
	const groups = Array.from({ length: 8 }, (_, index) => data.readUInt16BE(at + 2 * index).toString(16));
	return new SocketAddress({ address: groups.join(":"), family: "ipv6" }).address;
}
