/** Packets of a flow between two ends, by what they do to it. */
import type { PacketWords } from "../../packets/build.ts";
import { protocols } from "../../packets/build.ts";
import type { Probe } from "../../plan/policy/evaluate.ts";

export const ICMP = protocols.ICMP;
export const ICMPV6 = protocols.ICMPv6;
const ECHO: readonly number[] = [8, 128];
const ECHO_REPLIES: Readonly<Record<number, number>> = { 8: 0, 128: 129 };

/** Protocols 1 and 58 have a type; those without ports have port 0. */
export interface Packet extends Probe {
	icmpType?: number;
}

/** It asks for a new flow, is another one of it in the same direction, or comes back from where that went. */
export type Part = "opens" | "goes on" | "answers";

const isIcmp = ({ protocol }: Packet) => protocol === ICMP || protocol === ICMPV6;

/** Whether flows between the same ends differ in something: a source port, or an echo's identifier. */
export function hasIdentity({ protocol, icmpType }: Packet): boolean {
	return [6, 17, 132].includes(protocol) || (icmpType !== undefined && ECHO.includes(icmpType));
}

/** Of ICMP nothing but an echo is the first packet of anything. */
export function opensFlows(packet: Packet): boolean {
	return !isIcmp(packet) || hasIdentity(packet);
}

/** What every interface needs to talk at all: policy has no say in it. */
export function isNeighbourTalk({ protocol, icmpType = 0 }: Packet): boolean {
	return protocol === ICMPV6 && ((icmpType >= 130 && icmpType <= 137) || icmpType === 143);
}

/** The packet of a flow that is told from others by `identity`. */
export function wordsOf(packet: Packet, part: Part, identity: number): PacketWords {
	const isBack = part === "answers";
	const ends = isBack ? { from: packet.to, to: packet.from } : { from: packet.from, to: packet.to };
	if (isIcmp(packet)) {
		const type = packet.icmpType ?? 0;
		const error = { type: isBack ? (ECHO_REPLIES[type] ?? type) : type, code: 0, rest: identity * 0x10000 };
		return { ...ends, protocol: "ICMP", error };
	}
	const name = ({ 6: "TCP", 17: "UDP", 132: "SCTP" } as const)[packet.protocol];
	if (!name) return { ...ends, protocol: packet.protocol };
	const [sourcePort, destinationPort] = isBack ? [packet.port, identity] : [identity, packet.port];
	const flags = { opens: "SYN", "goes on": "ACK", answers: "SYN ACK" }[part];
	const chunk = part === "opens" ? "INIT" : "DATA";
	return { ...ends, protocol: name, sourcePort, destinationPort, flags, chunk };
}

/** Whether it asks for a flow in so many words, so that what is remembered does not count. */
export function saysSo({ protocol }: Packet, part: Part): boolean {
	return part === "opens" && (protocol === 6 || protocol === 132);
}
