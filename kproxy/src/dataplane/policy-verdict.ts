/** What the maps say of one direction of one flow, and what would have to be otherwise. */
import { ANY_CLASS, type RuleEntry, ruleText } from "../plan/policy/tables.ts";
import type { Pod } from "./generated/tc.ts";
import { peerPrefix, policyKey, ruleNameOf } from "./policy-entries.ts";
import type { PolicyMaps } from "./policy-maps.ts";
import {
	isIsolated,
	isolatingPolicies,
	nameOf,
	type PolicyDirection,
	portsOf,
	rulesOf,
} from "./policy-view.ts";
import { mergePorts, portsText } from "./port-ranges.ts";

/** One direction of a flow, at the pod that it concerns. */
export interface SideVerdict {
	direction: PolicyDirection;
	/** `namespace/name`. */
	pod: string;
	allowed: boolean;
	/** What allows it, as in `shop/db ingress 0`; undefined: nothing does, or nothing isolates the pod. */
	rule: string | undefined;
	/** Policies that isolate the pod in this direction. */
	isolatedBy: string[];
	/** Of a denial: the rule that comes nearest to allowing it, and what it asks for. */
	nearest: { rule: string; reason: string } | undefined;
}

/** What is asked: the pod, the other end, and where the packet goes. */
export interface SideQuestion {
	direction: PolicyDirection;
	/** Address of the pod, and its entry. */
	own: string;
	entry: Pod;
	peer: string;
	protocol: number;
	port: number;
}

/** Answers by the same look-ups as bpf/lib/policy.h. */
export function judgeSide(maps: PolicyMaps, question: SideQuestion): SideVerdict {
	const { direction, own, entry, peer, protocol, port } = question;
	const none = { direction, pod: nameOf(maps, own), rule: undefined, isolatedBy: [], nearest: undefined };
	if (own === peer) return { ...none, allowed: true, rule: "a pod reaches itself" };
	if (!isIsolated(entry, direction)) return { ...none, allowed: true };
	const isolatedBy = isolatingPolicies(maps, entry.policySet, direction);
	const allowed = (rule: string) => ({ ...none, isolatedBy, allowed: true, rule });
	if (direction === "ingress" && maps.ownAddresses.has(peer)) return allowed("this node reaches its pods");
	const peerClass = classOf(maps, entry, peer);
	const classes = [...(peerClass === 0 ? [] : [peerClass]), ANY_CLASS];
	for (const each of classes) {
		const at = { set: entry.policySet, class: each, direction, protocol, port, portBits: 16 };
		const rule = maps.rules.get(policyKey(at));
		if (rule !== undefined) return allowed(nameOfRule(maps, rule));
	}
	return { ...none, isolatedBy, allowed: false, nearest: nearestRule(maps, { ...question, classes }) };
}

function classOf(maps: PolicyMaps, { generation }: Pod, address: string): number {
	const known = maps.peerAddresses.get({ generation, address });
	const block = peerPrefix(`${address}/${address.includes(":") ? 128 : 32}`, generation);
	return known ?? maps.peerClasses.get(block) ?? 0;
}

/** A rule for this peer and other ports comes first, then one for this port and other peers. */
function nearestRule(
	maps: PolicyMaps,
	{ direction, entry, classes, protocol, port }: SideQuestion & { classes: readonly number[] },
): SideVerdict["nearest"] {
	const entries = rulesOf(maps, entry.policySet).filter((each) => each.direction === direction);
	const far = (each: RuleEntry) => distance(each, { protocol, port });
	const ofPeer = entries.filter((each) => classes.includes(each.class));
	const [closest] = ofPeer.toSorted((a, b) => far(a) - far(b));
	if (closest) {
		const same = ofPeer.filter(({ rule }) => rule === closest.rule).map(portsOf);
		const ports = portsText(mergePorts(same)).join(", ");
		return { rule: nameOfRule(maps, closest.rule), reason: `allows this peer, but ${ports} only` };
	}
	const ofPort = entries.find((each) => far(each) === 0);
	return ofPort && { rule: nameOfRule(maps, ofPort.rule), reason: "allows this port, but to other peers" };
}

/** Further than any port of the same protocol. */
const OTHER_PROTOCOL = 100_000;

function distance(rule: RuleEntry, asked: { protocol: number; port: number }): number {
	if (rule.protocol === 0) return 0;
	const { protocol, first, last } = portsOf(rule);
	const ports = asked.port < first ? first - asked.port : Math.max(0, asked.port - last);
	return ports + (protocol === asked.protocol ? 0 : OTHER_PROTOCOL);
}

function nameOfRule({ names }: PolicyMaps, number: number): string {
	const found = names.get(number);
	return found === undefined ? `rule number ${number}` : ruleText(ruleNameOf(found));
}
