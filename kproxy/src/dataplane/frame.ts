/** Frames for trials: the first packet of a flow. */
import { address4, address6 } from "bpf-loader";
import { Protocol } from "./generated/tc.ts";

/** Ends of a flow. */
export interface FlowEnds {
	from: string;
	to: string;
	protocol: number;
	sourcePort: number;
	port: number;
}

const ETHERNET = 14;
const TRANSPORT_BYTES: Readonly<Record<number, number>> = {
	[Protocol.TCP]: 20,
	[Protocol.UDP]: 8,
	/** Common header and an INIT chunk without options. */
	[Protocol.SCTP]: 12 + 20,
};
const TCP_SYN = 2;
const SCTP_INIT = 1;

/** An Ethernet frame that opens the flow: a SYN, a datagram, an INIT. Checksums are left 0: nobody sends it. */
export function openingFrame({ from, to, protocol, sourcePort, port }: FlowEnds): Uint8Array {
	const length = TRANSPORT_BYTES[protocol] ?? 8;
	const ip = from.includes(":") ? 40 : 20;
	const frame = new Uint8Array(ETHERNET + ip + length);
	const view = new DataView(frame.buffer);
	writeIp(view, { from, to, protocol, length });
	const transport = ETHERNET + ip;
	view.setUint16(transport, sourcePort);
	view.setUint16(transport + 2, port);
	if (protocol === Protocol.TCP) view.setUint16(transport + 12, (5 << 12) | TCP_SYN);
	if (protocol === Protocol.UDP) view.setUint16(transport + 4, length);
	if (protocol === Protocol.SCTP) view.setUint32(transport + 12, (SCTP_INIT << 24) | 20);
	return frame;
}

function writeIp(
	view: DataView,
	{ from, to, protocol, length }: { from: string; to: string; protocol: number; length: number },
): void {
	const isIPv6 = from.includes(":");
	view.setUint16(12, isIPv6 ? 0x86dd : 0x0800);
	if (isIPv6) {
		view.setUint32(ETHERNET, 6 << 28);
		view.setUint16(ETHERNET + 4, length);
		view.setUint16(ETHERNET + 6, (protocol << 8) | 64);
		address6.encode(from, view, ETHERNET + 8);
		address6.encode(to, view, ETHERNET + 24);
		return;
	}
	view.setUint16(ETHERNET, 0x4500);
	view.setUint16(ETHERNET + 2, 20 + length);
	view.setUint16(ETHERNET + 8, (64 << 8) | protocol);
	address4.encode(from, view, ETHERNET + 12);
	address4.encode(to, view, ETHERNET + 16);
}

/** Where a frame goes, after what programs have made of it. */
export function frameTarget(frame: Uint8Array): { address: string; port: number } {
	const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
	if (view.getUint16(12) === 0x86dd)
		return { address: address6.decode(view, ETHERNET + 24), port: view.getUint16(ETHERNET + 40 + 2) };
	return { address: address4.decode(view, ETHERNET + 16), port: view.getUint16(ETHERNET + 20 + 2) };
}
