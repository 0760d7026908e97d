/** What the maps say of one direction of one flow, and what would have to be otherwise. */
import type { Pod, PolicyKey } from "./generated/tc.ts";
import { ruleNameOf } from "./policy-entries.ts";
import type { PolicyMaps } from "./policy-maps.ts";
import {
	ANY_CLASS,
	entriesOf,
	isIsolated,
	isolatingPolicies,
	lookupKey,
	type PolicyDirection,
	portsOf,
} from "./policy-view.ts";
import { mergePorts, portsText } from "./port-ranges.ts";

/** One direction of a flow, at the pod that it concerns. */
export interface SideVerdict {
	direction: PolicyDirection;
	/** `namespace/name`. */
	pod: string;
	allowed: boolean;
	/** The rule that allows, as in `shop/db ingress 0`; undefined: none does, or nothing isolates the pod. */
	rule: string | undefined;
	/** Policies that isolate the pod in this direction. */
	isolatedBy: string[];
	/** Of a denial: the rule that comes nearest to allowing it, and what it asks for. */
	nearest: { rule: string; reason: string } | undefined;
}

/** What is asked: the pod, the other end, and where the packet goes. */
export interface SideQuestion {
	direction: PolicyDirection;
	pod: string;
	entry: Pod;
	peer: string;
	protocol: number;
	port: number;
}

/** Answers by the same look-ups as bpf/lib/policy.h. */
export function judgeSide(maps: PolicyMaps, question: SideQuestion): SideVerdict {
	const { direction, pod, entry, peer, protocol, port } = question;
	const none = { direction, pod, rule: undefined, isolatedBy: [], nearest: undefined };
	if (!isIsolated(entry, direction)) return { ...none, allowed: true };
	const isolatedBy = isolatingPolicies(maps, entry.policySet, direction);
	if (maps.pods.get(peer) === undefined && direction === "ingress" && maps.ownAddresses.has(peer))
		return { ...none, isolatedBy, allowed: true, rule: "this node reaches its pods" };
	const peerClass = classOf(maps, entry, peer);
	const classes = [...(peerClass === 0 ? [] : [peerClass]), ANY_CLASS];
	for (const each of classes) {
		const rule = maps.rules.get(
			lookupKey({ set: entry.policySet, peerClass: each, direction, protocol, port }),
		);
		if (rule !== undefined) return { ...none, isolatedBy, allowed: true, rule: ruleText(maps, rule) };
	}
	return { ...none, isolatedBy, allowed: false, nearest: nearestRule(maps, { ...question, classes }) };
}

function classOf(maps: PolicyMaps, { generation }: Pod, address: string): number {
	const known = maps.peerAddresses.get({ generation, address });
	return known ?? maps.peerClasses.get({ prefixLength: 160, generation, address }) ?? 0;
}

/** A rule for this peer and other ports comes first, then one for this port and other peers. */
function nearestRule(
	maps: PolicyMaps,
	{ direction, entry, classes, protocol, port }: SideQuestion & { classes: readonly number[] },
): SideVerdict["nearest"] {
	const entries = [...entriesOf(maps, entry.policySet, direction)];
	const ofPeer = entries.filter(([{ peerClass }]) => classes.includes(peerClass));
	const [closest] = ofPeer.toSorted(
		(a, b) => distance(a[0], { protocol, port }) - distance(b[0], { protocol, port }),
	);
	if (closest) {
		const same = ofPeer.filter(([, rule]) => rule === closest[1]).map(([key]) => portsOf(key));
		const ports = portsText(mergePorts(same)).join(", ");
		return { rule: ruleText(maps, closest[1]), reason: `allows this peer, but ${ports} only` };
	}
	const ofPort = entries.find(([key]) => distance(key, { protocol, port }) === 0);
	return ofPort && { rule: ruleText(maps, ofPort[1]), reason: "allows this port, but to other peers" };
}

function distance(key: PolicyKey, asked: { protocol: number; port: number }): number {
	const { protocol, first, last } = portsOf(key);
	if (key.prefixLength <= 72) return 0;
	const ports = asked.port < first ? first - asked.port : Math.max(0, asked.port - last);
	return ports + (protocol === asked.protocol ? 0 : 100_000);
}

function ruleText({ names }: PolicyMaps, number: number): string {
	const found = names.get(number);
	if (found === undefined) return `rule number ${number}`;
	const { namespace, policy, direction, index } = ruleNameOf(found);
	return `${namespace}/${policy} ${direction} ${index}`;
}
