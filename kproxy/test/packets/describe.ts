import { type PacketWords, protocols } from "./build.ts";
import { type Parsed, parseFrame, viewOf } from "./parse.ts";

const flagNames = ["FIN", "SYN", "RST", "PSH", "ACK"];

/** What is in a frame, in the words that `buildFrame` takes. Throws where it is no IP packet. */
export function describeFrame(frame: Uint8Array): Partial<PacketWords> {
	const parsed = parseFrame(frame);
	if (typeof parsed === "string") throw new Error(`cannot describe the packet: ${parsed}`);
	return describe(frame, parsed);
}

function describe(frame: Uint8Array, parsed: Parsed): Partial<PacketWords> {
	const {
		source: from,
		destination: to,
		family,
		protocol,
		transport,
		sourcePort,
		destinationPort,
		inner,
	} = parsed;
	const view = viewOf(frame);
	const words: Partial<PacketWords> = {
		from,
		to,
		ttl: frame[parsed.ip + (family === 4 ? 8 : 7)] ?? 0,
		...(sourcePort !== undefined && { sourcePort }),
		...(destinationPort !== undefined && { destinationPort }),
	};
	const name = Object.entries(protocols).find(([, number]) => number === protocol)?.[0] ?? protocol;
	words.protocol = (name === "ICMPv6" ? "ICMP" : name) as NonNullable<PacketWords["protocol"]>;
	if (protocol === protocols.TCP && !parsed.fragment.later && frame.length >= transport + 20) {
		words.seq = view.getUint32(transport + 4);
		words.ack = view.getUint32(transport + 8);
		words.flags = flagNames.filter((_, bit) => (frame[transport + 13] ?? 0) & (1 << bit)).join(" ");
	}
	if (
		protocol === protocols.UDP &&
		sourcePort !== undefined &&
		frame.length >= transport + 8 &&
		view.getUint16(transport + 6) === 0
	)
		words.checksum = "none";
	if (inner) {
		const about = describe(frame, inner) as PacketWords;
		words.error = {
			type: frame[transport] ?? 0,
			code: frame[transport + 1] ?? 0,
			rest: view.getUint32(transport + 4),
			about,
		};
	}
	return words;
}
