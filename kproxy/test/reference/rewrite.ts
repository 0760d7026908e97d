import { wireAddress } from "../packets/addresses.ts";
import { protocols, pseudoSum } from "../packets/build.ts";
import { adjustedChecksum, crc32c, internetChecksum } from "../packets/checksums.ts";
import { type Parsed, viewOf } from "../packets/parse.ts";
import type { Flow } from "./memory.ts";

/** The frame with the flow's ends replaced by others, where they stand, and its sums adjusted by the difference. */
export function rewritten(frame: Uint8Array, packet: Parsed, change: { from: Flow; to: Flow }): Uint8Array {
	const bytes = frame.slice();
	if (packet.inner) rewriteError(bytes, { ...packet, inner: packet.inner }, change);
	else rewritePlain(bytes, packet, change);
	return bytes;
}

const bytesOf = (flow: Flow, what: { ports: boolean }): Uint8Array =>
	Uint8Array.from([
		...wireAddress(flow.source),
		...wireAddress(flow.destination),
		...(what.ports
			? [flow.sourcePort >> 8, flow.sourcePort & 0xff, flow.destinationPort >> 8, flow.destinationPort & 0xff]
			: []),
	]);

const difference = ({ from, to }: { from: Flow; to: Flow }, what: { ports: boolean }) => ({
	from: bytesOf(from, what),
	to: bytesOf(to, what),
});

function writeAddresses(bytes: Uint8Array, { ip, family }: Parsed, change: { from: Flow; to: Flow }): void {
	bytes.set(wireAddress(change.to.source), ip + (family === 4 ? 12 : 8));
	bytes.set(wireAddress(change.to.destination), ip + (family === 4 ? 16 : 24));
	if (family === 6) return;
	const view = viewOf(bytes);
	view.setUint16(ip + 10, adjustedChecksum(view.getUint16(ip + 10), difference(change, { ports: false })));
}

function writePorts(bytes: Uint8Array, { transport }: Parsed, to: Flow): void {
	viewOf(bytes).setUint16(transport, to.sourcePort);
	viewOf(bytes).setUint16(transport + 2, to.destinationPort);
}

/** Where the transport has its Internet checksum; undefined: it has none, or it did not come along. */
function sumField({ protocol, transport }: Parsed, length: number): number | undefined {
	if (protocol !== protocols.TCP && protocol !== protocols.UDP) return undefined;
	const at = transport + (protocol === protocols.TCP ? 16 : 6);
	return at + 2 <= length ? at : undefined;
}

function adjustTransport(bytes: Uint8Array, packet: Parsed, change: { from: Flow; to: Flow }): void {
	const at = sumField(packet, bytes.length);
	if (at === undefined) return;
	const view = viewOf(bytes);
	const before = view.getUint16(at);
	const udp = packet.protocol === protocols.UDP;
	if (udp && before === 0) return;
	const after = adjustedChecksum(before, difference(change, { ports: true }));
	view.setUint16(at, udp && after === 0 ? 0xffff : after);
}

function rewritePlain(bytes: Uint8Array, packet: Parsed, change: { from: Flow; to: Flow }): void {
	writeAddresses(bytes, packet, change);
	if (packet.fragment.later) return;
	adjustTransport(bytes, packet, change);
	const portsChange =
		change.from.sourcePort !== change.to.sourcePort ||
		change.from.destinationPort !== change.to.destinationPort;
	if (packet.protocol === protocols.SCTP && portsChange) adjustSctp(bytes, packet, change.to);
	else writePorts(bytes, packet, change.to);
}

function adjustSctp(bytes: Uint8Array, packet: Parsed, to: Flow): void {
	// CRCs of two texts of one length differ by the CRC of their difference, whatever the rest is.
	const { transport, end } = packet;
	const sumOf = (view: DataView) => crc32c(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
	const body = bytes.slice(transport, end);
	const view = viewOf(body);
	const written = view.getUint32(8, true);
	view.setUint32(8, 0);
	const before = sumOf(view);
	view.setUint16(0, to.sourcePort);
	view.setUint16(2, to.destinationPort);
	view.setUint32(8, (written ^ before ^ sumOf(view)) >>> 0, true);
	bytes.set(body, transport);
}

const turned = (flow: Flow): Flow => ({
	source: flow.destination,
	destination: flow.source,
	sourcePort: flow.destinationPort,
	destinationPort: flow.sourcePort,
	protocol: flow.protocol,
});

/** `change` is that of the flow; the packet inside went the other way. */
function rewriteError(
	bytes: Uint8Array,
	packet: Parsed & { inner: Parsed },
	change: { from: Flow; to: Flow },
): void {
	const { inner, transport } = packet;
	const before = bytes.slice(transport + 4);
	const inside = { from: turned(change.from), to: turned(change.to) };
	writeAddresses(bytes, inner, inside);
	adjustTransport(bytes, inner, inside);
	writePorts(bytes, inner, inside.to);
	const outer = {
		source: packet.source,
		destination: packet.destination,
		sourcePort: 0,
		destinationPort: 0,
		protocol: 0,
	};
	const outerTo = { ...outer };
	if (outer.source === change.from.source) outerTo.source = change.to.source;
	if (outer.destination === change.from.destination) outerTo.destination = change.to.destination;
	writeAddresses(bytes, packet, { from: outer, to: outerTo });
	const view = viewOf(bytes);
	let sum = adjustedChecksum(view.getUint16(transport + 2), { from: before, to: bytes.slice(transport + 4) });
	if (packet.family === 6)
		sum = adjustedChecksum(sum, difference({ from: outer, to: outerTo }, { ports: false }));
	view.setUint16(transport + 2, sum);
}

/** The rejection of a packet; undefined: it has none. */
export function rejection(frame: Uint8Array, packet: Parsed): Uint8Array | undefined {
	const { family, transport, protocol, fragment, inner } = packet;
	if (inner || fragment.later || transport !== 14 + (family === 4 ? 20 : 40)) return undefined;
	const body = protocol === protocols.TCP ? reset(frame, packet) : unreachable(frame, packet);
	if (body === undefined) return undefined;
	const number =
		protocol === protocols.TCP ? protocols.TCP : family === 4 ? protocols.ICMP : protocols.ICMPv6;
	const sumAt = protocol === protocols.TCP ? 16 : 2;
	const ends = { from: packet.destination, to: packet.source, protocol: number };
	const pseudo = number === protocols.ICMP ? 0 : pseudoSum(ends, body.length);
	viewOf(body).setUint16(sumAt, internetChecksum(body, pseudo));
	const header = family === 4 ? header4(ends, body.length) : header6(ends, body.length);
	return Uint8Array.from([
		...frame.slice(6, 12),
		...frame.slice(0, 6),
		...frame.slice(12, 14),
		...header,
		...body,
	]);
}

function reset(frame: Uint8Array, { transport, end }: Parsed): Uint8Array | undefined {
	const view = viewOf(frame);
	const flags = frame[transport + 13] ?? 0;
	const payload = end - transport - ((frame[transport + 12] ?? 0) >> 4) * 4;
	if (flags & 4 || payload < 0) return undefined;
	const bytes = new Uint8Array(20);
	const to = viewOf(bytes);
	to.setUint16(0, view.getUint16(transport + 2));
	to.setUint16(2, view.getUint16(transport));
	bytes[12] = 5 << 4;
	bytes[13] = flags & 16 ? 4 : 4 | 16;
	if (flags & 16) to.setUint32(4, view.getUint32(transport + 8));
	else to.setUint32(8, (view.getUint32(transport + 4) + payload + (flags & 1) + ((flags >> 1) & 1)) >>> 0);
	return bytes;
}

function unreachable(frame: Uint8Array, { family, transport }: Parsed): Uint8Array {
	const head = Uint8Array.from(family === 4 ? [3, 3, 0, 0, 0, 0, 0, 0] : [1, 4, 0, 0, 0, 0, 0, 0]);
	const inner = new Uint8Array(transport - 14 + 8);
	inner.set(frame.subarray(14, transport + 8));
	return Uint8Array.from([...head, ...inner]);
}

function header4(ends: { from: string; to: string; protocol: number }, length: number): Uint8Array {
	const bytes = Uint8Array.from([
		0x45,
		0,
		0,
		0,
		0,
		0,
		0x40,
		0,
		64,
		ends.protocol,
		0,
		0,
		...wireAddress(ends.from),
		...wireAddress(ends.to),
	]);
	viewOf(bytes).setUint16(2, 20 + length);
	viewOf(bytes).setUint16(10, internetChecksum(bytes));
	return bytes;
}

function header6(ends: { from: string; to: string; protocol: number }, length: number): Uint8Array {
	const bytes = Uint8Array.from([
		0x60,
		0,
		0,
		0,
		0,
		0,
		ends.protocol,
		64,
		...wireAddress(ends.from),
		...wireAddress(ends.to),
	]);
	viewOf(bytes).setUint16(4, length);
	return bytes;
}
