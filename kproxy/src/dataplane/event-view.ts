/** Events as people read them: names for numbers. */
import { readNetwork } from "bpf-loader";
import { ruleText } from "../plan/policy/tables.ts";
import { eventNames } from "./counters.ts";
import type { ReadEvents } from "./events.ts";
import { Direction, type Event, Hook, Reason } from "./generated/tc.ts";
import { monotonicNs, sinceMs } from "./monotonic.ts";
import { ruleNameOf } from "./policy-entries.ts";
import type { PolicyMaps } from "./policy-maps.ts";
import { type PolicyDirection, podOf, policiesOfSets, policyText } from "./policy-view.ts";
import { protocolText } from "./tables.ts";

/** An address of a packet, and whose it is. */
export interface EventEnd {
	/** Undefined: a dial whose socket has none yet. */
	address: string | undefined;
	/** 0: none, as with ICMP. */
	port: number;
	/** `namespace/name`; undefined: no pod that is known now. */
	pod: string | undefined;
}

/** A packet or dial that was refused, or the first packet of a flow that policy let pass. */
export interface EventView {
	/** When, in ms since the epoch. */
	atMs: number;
	/** Name in reasons.h, as in `POLICY_INGRESS`, and its sentence. */
	reason: string;
	sentence: string;
	refused: boolean;
	hook: string;
	direction: string;
	protocol: string;
	from: EventEnd;
	to: EventEnd;
	/** Undefined: a socket's dial, or the interface is gone. */
	interface: string | undefined;
	/** Bytes; 0 of a dial. */
	length: number;
	/** Where policy has judged. */
	policy: PolicyVerdict | undefined;
}

/** What policy said. */
export interface PolicyVerdict {
	/** As the pod sees it. */
	direction: PolicyDirection;
	/** Whom it has judged: behind a Service its backend. */
	peer: EventEnd;
	/** Policies that isolate the pod in this direction, as in `shop/web`; those that are gone are not among them. */
	isolatedBy: string[];
	/** The rule that let it pass, as in `shop/web ingress 0`; undefined: none did, or nothing isolates the pod. */
	rule: string | undefined;
}

/** What the views take their names from. */
export type EventNames = Pick<PolicyMaps, "podNames" | "names" | "setPolicies">;

const NO_ADDRESS = "::";
/** That Services have none of. */
const OTHER_PROTOCOLS: Readonly<Record<number, string>> = { 1: "ICMP", 2: "IGMP", 58: "ICMPv6" };

/** Gives events their names. Cost: reads the rule sets and the interfaces once. */
export function describeEvents({ events }: Pick<ReadEvents, "events">, names: EventNames): EventView[] {
	if (events.length === 0) return [];
	const interfaces = new Map(readNetwork().links.map(({ ifindex, name }) => [ifindex, name]));
	const policiesOf = policiesOfSets(names);
	const isolating = (set: number, direction: PolicyDirection) =>
		policiesOf(set)
			.filter((each) => each[direction])
			.map(policyText);
	const nowNs = monotonicNs();
	const nowMs = Date.now();
	const end = (address: string, port: number): EventEnd => ({
		address: address === NO_ADDRESS ? undefined : address,
		port,
		pod: podOf(names, address),
	});
	return events.map((event) => ({
		atMs: nowMs - sinceMs(event.atNs, nowNs),
		...eventNames(event),
		protocol: OTHER_PROTOCOLS[event.flow.protocol] ?? protocolText(event.flow.protocol),
		from: end(event.flow.source, portOf(event, event.flow.sourcePort)),
		to: end(event.flow.destination, portOf(event, event.flow.destinationPort)),
		interface: interfaces.get(event.ifindex),
		length: event.length,
		policy: describeVerdict(event, { end, isolating, names }),
	}));
}

/** ICMP is told by other things, which stand where others have ports. */
function portOf({ flow }: Event, port: number): number {
	return flow.protocol in OTHER_PROTOCOLS ? 0 : port;
}

function describeVerdict(
	event: Event,
	{
		end,
		isolating,
		names,
	}: {
		end: (address: string, port: number) => EventEnd;
		isolating: (set: number, direction: PolicyDirection) => string[];
		names: EventNames;
	},
): PolicyVerdict | undefined {
	const direction = verdictDirection(event);
	if (direction === undefined) return undefined;
	const rule = event.rule === 0 ? undefined : names.names.get(event.rule);
	return {
		direction,
		peer: end(event.peer, portOf(event, event.peerPort)),
		isolatedBy: isolating(event.policySet, direction),
		rule: rule && ruleText(ruleNameOf(rule)),
	};
}

function verdictDirection({ reason, hook, direction }: Event): PolicyVerdict["direction"] | undefined {
	if (reason === Reason.POLICY_EGRESS) return "egress";
	if (reason === Reason.POLICY_INGRESS) return "ingress";
	if (reason !== Reason.FLOW_ALLOWED || hook !== Hook.POD) return undefined;
	// What comes in at the interface is what the pod sends.
	return direction === Direction.INGRESS ? "egress" : "ingress";
}
