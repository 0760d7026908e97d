/** Planned rows as entries of the policy maps. */
import type { PodEntry, RuleEntry, RuleName, SetPolicy } from "../plan/policy/tables.ts";
import {
	Direction,
	type PeerAddress,
	type PeerPrefix,
	type Pod,
	PodFlag,
	type PodName,
	type PolicyKey,
	type PolicyName,
	type SetPolicyKey,
} from "./generated/tc.ts";

/** Bits of a policy_key in front of the protocol, as in bpf/lib/policy.h. */
const PEER_BITS = 72;
const PROTOCOL_BITS = 8;

const directions = { egress: Direction.EGRESS, ingress: Direction.INGRESS } as const;

/** The key of a rule, as far as it counts. */
export function policyKey({
	set,
	class: peerClass,
	direction,
	protocol,
	port,
	portBits,
}: Omit<RuleEntry, "rule">): PolicyKey {
	return {
		prefixLength: PEER_BITS + (protocol === 0 ? 0 : PROTOCOL_BITS + portBits),
		policySet: set,
		peerClass,
		direction: directions[direction],
		protocol,
		port,
	};
}

/** The rule behind its key. */
export function ruleOf({
	prefixLength,
	policySet,
	peerClass,
	direction,
	protocol,
	port,
}: PolicyKey): Omit<RuleEntry, "rule"> {
	return {
		set: policySet,
		class: peerClass,
		direction: direction === Direction.EGRESS ? "egress" : "ingress",
		protocol,
		port,
		portBits: Math.max(0, prefixLength - PEER_BITS - PROTOCOL_BITS),
	};
}

/** A pod behind an interface of this node. */
export function podValue(
	{ set, isolated, any }: PodEntry,
	{ ifindex, generation }: Pick<Pod, "ifindex" | "generation">,
): Pod {
	const flags =
		(isolated.egress ? PodFlag.ISOLATED_EGRESS : 0) |
		(isolated.ingress ? PodFlag.ISOLATED_INGRESS : 0) |
		(any.egress ? PodFlag.ANY_EGRESS : 0) |
		(any.ingress ? PodFlag.ANY_INGRESS : 0);
	return { ifindex, policySet: set, generation, flags: flags as PodFlag };
}

/** Bits of a peer_prefix in front of the address. */
const GENERATION_BITS = 32;

/** A block of addresses in its one spelling; bits are counted as in IPv6. */
export function peerPrefix(cidr: string, generation: number): PeerPrefix {
	const slash = cidr.lastIndexOf("/");
	const address = cidr.slice(0, slash);
	const bits = Number(cidr.slice(slash + 1));
	return { prefixLength: GENERATION_BITS + (address.includes(":") ? bits : 96 + bits), generation, address };
}

export function ruleName({ namespace, policy, direction, index }: RuleName): PolicyName {
	return { namespace, name: policy, rule: index, direction: directions[direction] };
}

/** The policies of a set, each under its place. */
export function setPolicyEntries(set: number, policies: readonly SetPolicy[]): [SetPolicyKey, PolicyName][] {
	return policies.map(({ namespace, policy, ingress, egress }, index) => [
		{ policySet: set, index },
		{ namespace, name: policy, rule: 0, direction: (egress ? 1 : 0) | (ingress ? 2 : 0) },
	]);
}

/** The policy behind an entry of a set. */
export function setPolicyOf({ namespace, name, direction }: PolicyName): SetPolicy {
	return { namespace, policy: name, egress: (direction & 1) !== 0, ingress: (direction & 2) !== 0 };
}

/** Peers, addresses of pods apart from blocks. */
export function splitPeers(peers: Iterable<readonly [string, number | undefined]>, generation: number) {
	const addresses: [PeerAddress, number | undefined][] = [];
	const blocks: [PeerPrefix, number | undefined][] = [];
	for (const [text, number] of peers) {
		if (text.includes("/")) blocks.push([peerPrefix(text, generation), number]);
		else addresses.push([{ generation, address: text }, number]);
	}
	return { addresses, blocks };
}

/** `namespace/name` as the kernel has it. */
export function podName(text: string): PodName {
	const slash = text.indexOf("/");
	return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** The rule behind its name in the kernel. */
export function ruleNameOf({ namespace, name, rule, direction }: PolicyName): RuleName {
	return {
		namespace,
		policy: name,
		direction: direction === Direction.EGRESS ? "egress" : "ingress",
		index: rule,
	};
}
