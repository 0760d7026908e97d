import { protocols } from "../packets/build.ts";
import { type Parsed, parseFrame, viewOf } from "../packets/parse.ts";
import type { Flow, Memory } from "./memory.ts";

/** How far into a frame a transport header is looked for. */
const FARTHEST_TRANSPORT = 2047;
const FRAGMENT_HEADER = 44;

/** A packet with what it does to its flow. */
export interface Packet {
	parsed: Parsed;
	flow: Flow;
	kind: "whole" | "later fragment" | "error";
	opens: boolean;
	/** Nothing but an attempt to open a connection is answered like that. */
	answers: boolean;
	fin: boolean;
	reset: boolean;
}

/** The packet, with the ports of its first fragment where it is a later one, or the reason why there is nothing to do for it. */
export function readPacket(frame: Uint8Array, memory: Memory): Packet | string {
	const parsed = parseFrame(frame);
	if (typeof parsed === "string") return parsed;
	if (parsed.protocol === (parsed.family === 4 ? protocols.ICMP : protocols.ICMPv6))
		return readMessage(frame, parsed, memory);
	if (!isServed(parsed.protocol)) return "OTHER_PROTOCOL";
	const { source, destination, protocol, fragment } = parsed;
	const key = fragmentKey(parsed);
	if (fragment.later) {
		const ports = memory.fragments.get(key);
		if (!ports) return "FRAGMENT_MISSED";
		const flow = { source, destination, protocol, ...ports };
		return { parsed, flow, kind: "later fragment", opens: false, answers: false, fin: false, reset: false };
	}
	const whole = readWhole(frame, parsed);
	if (typeof whole !== "string" && fragment.first) {
		const { sourcePort, destinationPort } = whole.flow;
		memory.fragments.set(key, { sourcePort, destinationPort });
	}
	return whole;
}

/** What the fragments of one packet share. */
export const fragmentKey = ({ protocol, source, destination, fragment }: Parsed): string =>
	`${protocol} ${source} ${destination} ${fragment.id}`;

const isServed = (protocol: number): boolean =>
	([protocols.TCP, protocols.UDP, protocols.SCTP] as number[]).includes(protocol);

function readWhole(frame: Uint8Array, parsed: Parsed): Packet | string {
	const { source, destination, protocol, transport, sourcePort, destinationPort } = parsed;
	const least = protocol === protocols.TCP ? 20 : protocol === protocols.SCTP ? 16 : 8;
	if (
		sourcePort === undefined ||
		destinationPort === undefined ||
		frame.length < transport + least ||
		transport > FARTHEST_TRANSPORT
	)
		return "BAD_PACKET";
	const flags = protocol === protocols.TCP ? (frame[transport + 13] ?? 0) : 0;
	const chunk = protocol === protocols.SCTP ? frame[transport + 12] : undefined;
	return {
		parsed,
		flow: { source, destination, sourcePort, destinationPort, protocol },
		kind: "whole",
		opens: (flags & 0x12) === 2 || chunk === 1,
		answers: ((flags & 0x10) !== 0 && (flags & 6) !== 0) || chunk === 2,
		fin: (flags & 1) !== 0,
		reset: (flags & 4) !== 0 || chunk === 6 || chunk === 14,
	};
}

/** ICMP. Of fragments the first leaves the identifier and the type of its message to the others. */
function readMessage(frame: Uint8Array, parsed: Parsed, memory: Memory): Packet | string {
	const { fragment, transport } = parsed;
	if (fragment.first && frame.length >= transport + 8)
		memory.fragments.set(fragmentKey(parsed), {
			sourcePort: viewOf(frame).getUint16(transport + 4),
			destinationPort: frame[transport] ?? 0,
		});
	return fragment.first || fragment.later ? "OTHER_PROTOCOL" : readError(frame, parsed);
}

function readError(frame: Uint8Array, parsed: Parsed): Packet | string {
	if (frame.length <= parsed.transport) return "BAD_PACKET";
	if (!parsed.isError) return "OTHER_PROTOCOL";
	const { inner } = parsed;
	if (!inner || inner.fragment.later || !isServed(inner.protocol)) return "NOT_REMEMBERED";
	if (inner.sourcePort === undefined || inner.destinationPort === undefined) return "NOT_REMEMBERED";
	const plain = inner.ip + 40 + (frame[inner.ip + 6] === FRAGMENT_HEADER ? 8 : 0);
	if (inner.family === 6 && inner.transport !== plain) return "NOT_REMEMBERED";
	const flow = {
		source: inner.destination,
		destination: inner.source,
		sourcePort: inner.destinationPort,
		destinationPort: inner.sourcePort,
		protocol: inner.protocol,
	};
	return { parsed, flow, kind: "error", opens: false, answers: false, fin: false, reset: false };
}
