import { protocols } from "../packets/build.ts";
import { type Parsed, viewOf } from "../packets/parse.ts";
import { type Flow, flowKey, type Memory } from "./memory.ts";
import { fragmentKey, type Packet } from "./read-packet.ts";
import type { Allow, World } from "./world.ts";

/** A packet as policy sees it. */
export interface Judged {
	/** From the pod's side: its source is the pod. */
	flow: Flow;
	direction: "egress" | "ingress";
	opens: boolean;
	/** Opens no flow, where it is of none. */
	error: boolean;
	/** Of what an interface needs to talk at all. */
	neighbour: boolean;
}

const TCP_TIMEOUT_S = 86400;
const hasConnections = (protocol: number): boolean =>
	protocol === protocols.TCP || protocol === protocols.SCTP;

/** A packet with ports, or an error about one; `flow` is what it is between its translations. */
export function judgedPacket(packet: Packet, flow: Flow, direction: Judged["direction"]): Judged {
	return {
		flow: direction === "egress" ? flow : turned(flow),
		direction,
		opens: packet.opens,
		error: packet.kind === "error",
		neighbour: false,
	};
}

/** A packet without: an echo is told by its identifier and by who asks, others by their addresses alone. */
export function judgedPortless(
	frame: Uint8Array,
	{ parsed, memory, direction }: { parsed: Parsed; memory: Memory; direction: Judged["direction"] },
): Judged {
	const { source, destination, protocol } = parsed;
	const bare = { source, destination, protocol, sourcePort: 0, destinationPort: 0 };
	const flow = direction === "egress" ? bare : turned(bare);
	const judged = { flow, direction, opens: false, error: false, neighbour: false };
	if (protocol !== protocols.ICMP && protocol !== protocols.ICMPv6) return judged;
	const message = messageOf(frame, parsed, memory);
	if (message === "too short") return judged;
	const asks = message && { 8: true, 0: false, 128: true, 129: false }[message.type];
	const isEcho = asks !== undefined && (parsed.family === 4) === (message?.type ?? 0) < 128;
	if (!isEcho) return { ...judged, error: true, neighbour: isNeighbourTalk(parsed, message?.type) };
	// 256 is a 1 in the byte order of ports.
	flow.sourcePort = message?.identifier ?? 0;
	flow.destinationPort = asks === (direction === "egress") ? 256 : 0;
	return judged;
}

interface Message {
	type: number;
	identifier: number;
}

/** Of a fragment it is that of the first one; undefined: nobody has seen that. */
function messageOf(frame: Uint8Array, parsed: Parsed, memory: Memory): Message | undefined | "too short" {
	const { fragment, transport } = parsed;
	if (fragment.later) {
		const kept = memory.fragments.get(fragmentKey(parsed));
		return kept && { type: kept.destinationPort, identifier: kept.sourcePort };
	}
	if (frame.length < transport + 8) return fragment.first ? undefined : "too short";
	return { type: frame[transport] ?? 0, identifier: viewOf(frame).getUint16(transport + 4) };
}

const isNeighbourTalk = ({ family, fragment }: Parsed, type = 0): boolean =>
	family === 6 && !fragment.first && !fragment.later && ((type >= 130 && type <= 137) || type === 143);

function turned(flow: Flow): Flow {
	return {
		source: flow.destination,
		destination: flow.source,
		sourcePort: flow.destinationPort,
		destinationPort: flow.sourcePort,
		protocol: flow.protocol,
	};
}

/** Why the packet does not pass by a pod's interface, or undefined: kproxy/docs/policy.md in plain code. */
export function judge(judged: Judged, world: World, memory: Memory): string | undefined {
	const { policy, nodeAddresses } = world;
	if (!policy) return undefined;
	const { flow, opens } = judged;
	const remembered = memory.judged.get(flowKey(flow));
	const known = remembered && goesOn(remembered, judged, world, memory) ? remembered : undefined;
	if (known && !opens && (!policy.rechecks || known.epoch === policy.epoch)) {
		known.seenS = memory.nowS;
		return undefined;
	}
	if (judged.neighbour) return undefined;
	const pod = policy.pods.get(flow.source);
	if (!pod) return judged.direction === "egress" ? "SPOOFED_SOURCE" : undefined;
	if (flow.source === flow.destination) return undefined;
	const direction = (!opens && known?.direction) || judged.direction;
	const adopted = policy.adopts && !known && !opens && hasConnections(flow.protocol);
	const isOwnNode =
		direction === "ingress" &&
		nodeAddresses.some(({ address, loopback }) => address === flow.destination && !loopback);
	const rules = pod[direction];
	if (rules && !adopted && !isOwnNode && !rules.some((rule) => allows(rule, flow, direction)))
		return direction === "egress" ? "POLICY_EGRESS" : "POLICY_INGRESS";
	if (!judged.error) memory.judged.set(flowKey(flow), { seenS: memory.nowS, epoch: policy.epoch, direction });
	return undefined;
}

/** One that was silent for too long has ended. */
function goesOn(
	{ seenS }: { seenS: number },
	{ flow }: Judged,
	{ tunables }: World,
	{ nowS }: Memory,
): boolean {
	return nowS - seenS <= (hasConnections(flow.protocol) ? TCP_TIMEOUT_S : tunables.udpTimeoutS);
}

function allows({ peer, protocol, port }: Allow, flow: Flow, direction: Judged["direction"]): boolean {
	return (
		(peer === undefined || peer === flow.destination) &&
		(protocol === undefined || protocol === flow.protocol) &&
		(port === undefined || port === (direction === "egress" ? flow.destinationPort : flow.sourcePort))
	);
}
