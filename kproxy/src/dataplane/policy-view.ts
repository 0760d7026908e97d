/** What of policy is in the kernel, in the user's words. */

import { Direction, type Pod, PodFlag, PolicyFlag, type PolicyKey, Protocol } from "./generated/tc.ts";
import { ruleNameOf } from "./policy-entries.ts";
import type { PolicyMaps } from "./policy-maps.ts";
import { mergePorts, type PortPart, portsText } from "./port-ranges.ts";

export type PolicyDirection = "ingress" | "egress";
export const POLICY_DIRECTIONS = ["ingress", "egress"] as const;

/** As bpf/types.h has it: every peer. */
export const ANY_CLASS = 0xffff_ffff;
const NUMBERS = { egress: Direction.EGRESS, ingress: Direction.INGRESS } as const;
const POLICY_BITS = { egress: 1, ingress: 2 } as const;
const ISOLATED = { egress: PodFlag.ISOLATED_EGRESS, ingress: PodFlag.ISOLATED_INGRESS } as const;
/** Bits of a policy_key in front of the protocol, and with it. */
const PEER_BITS = 72;
const PROTOCOL_BITS = 80;

/** A pod of this node. */
export interface PodView {
	/** `namespace/name`. */
	pod: string;
	addresses: string[];
	/** Index of the interface that it is behind. */
	ifindex: number;
	isolated: Record<PolicyDirection, boolean>;
	/** Policies that select it, and what they isolate. */
	policies: { policy: string; ingress: boolean; egress: boolean }[];
}

/** One rule of a policy that selects a pod. */
export interface RuleView {
	direction: PolicyDirection;
	policy: string;
	/** Place in `spec.ingress` or `spec.egress`. */
	index: number;
	/** As in `TCP 80-90, UDP 53`; empty where it allows nothing now. */
	ports: string[];
	everybody: boolean;
	/** Pods that it allows now, by name, and blocks; each peer is of the first rule that allows it. */
	pods: string[];
	blocks: string[];
	/** New flows that it has let pass. */
	hits: bigint;
}

export function isEnforced(maps: Pick<PolicyMaps, "state">): boolean {
	return ((maps.state.get(0)?.flags ?? 0) & PolicyFlag.ENFORCED) !== 0;
}

/** The pods of this node that are behind an interface, by name. */
export function describePods(maps: Pick<PolicyMaps, "pods" | "podNames" | "setPolicies">): PodView[] {
	const policies = policiesOfSets(maps);
	const views = new Map<string, PodView>();
	for (const [address, entry] of maps.pods.entries()) {
		const pod = nameOf(maps, address);
		const known = views.get(pod);
		if (known) known.addresses.push(address);
		else
			views.set(pod, {
				pod,
				addresses: [address],
				...describeEntry(entry),
				policies: policies(entry.policySet),
			});
	}
	return [...views.values()].sort((a, b) => (a.pod < b.pod ? -1 : 1));
}

/** `namespace/name` of the pod that has an address; the address where none is known. */
export function nameOf({ podNames }: Pick<PolicyMaps, "podNames">, address: string): string {
	const found = podNames.get(address);
	return found ? `${found.namespace}/${found.name}` : address;
}

export function isIsolated({ flags }: Pod, direction: PolicyDirection): boolean {
	return (flags & ISOLATED[direction]) !== 0;
}

/** Names of the policies that isolate the pods of a set in a direction. */
export function isolatingPolicies(
	maps: Pick<PolicyMaps, "setPolicies">,
	set: number,
	direction: PolicyDirection,
): string[] {
	return policiesOfSets(maps)(set)
		.filter((each) => each[direction])
		.map(({ policy }) => policy);
}

/** Every rule of the policies that select the pod with this entry. Cost: reads the policy maps once. */
export function describeRules(maps: PolicyMaps, entry: Pod): RuleView[] {
	const allowed = allowedByRule(maps, entry);
	const peers = peersOfClasses(
		maps,
		entry,
		new Set([...allowed.values()].flatMap(({ classes }) => [...classes])),
	);
	const policies = new Map(policiesOfSets(maps)(entry.policySet).map((each) => [each.policy, each]));
	const views: RuleView[] = [];
	for (const [number, name] of maps.names.entries()) {
		const { namespace, policy: own, direction, index } = ruleNameOf(name);
		const policy = `${namespace}/${own}`;
		if (!policies.get(policy)?.[direction]) continue;
		const { classes, parts } = allowed.get(number) ?? { classes: new Set<number>(), parts: [] };
		const found = [...classes].flatMap((each) => peers.get(each) ?? []);
		views.push({
			direction,
			policy,
			index,
			ports: portsText(mergePorts(parts)),
			everybody: classes.has(ANY_CLASS),
			pods: [...new Set(found.filter((text) => !isBlock(text)))].sort(),
			blocks: found.filter(isBlock).sort(),
			hits: maps.hits.get(number) ?? 0n,
		});
	}
	return views.sort((a, b) => (ruleOrder(a) < ruleOrder(b) ? -1 : 1));
}

/** The ports that a key allows. */
export function portsOf({ prefixLength, protocol, port }: PolicyKey): PortPart {
	if (prefixLength <= PEER_BITS) return { protocol: Protocol.ANY, first: 0, last: 65_535 };
	const bits = prefixLength - PROTOCOL_BITS;
	return { protocol, first: port, last: port + 2 ** (16 - bits) - 1 };
}

/** Entries of a set in one direction. */
export function* entriesOf(
	{ rules }: Pick<PolicyMaps, "rules">,
	set: number,
	direction: PolicyDirection,
): Iterable<[PolicyKey, number]> {
	for (const entry of rules.entries())
		if (entry[0].policySet === set && entry[0].direction === NUMBERS[direction]) yield entry;
}

/** The key that a packet of this class is looked up by. */
export function lookupKey({
	set,
	peerClass,
	direction,
	protocol,
	port,
}: {
	set: number;
	peerClass: number;
	direction: PolicyDirection;
	protocol: number;
	port: number;
}): PolicyKey {
	return { prefixLength: 96, policySet: set, peerClass, direction: NUMBERS[direction], protocol, port };
}

function describeEntry(entry: Pod): Pick<PodView, "ifindex" | "isolated"> {
	const isolated = { ingress: isIsolated(entry, "ingress"), egress: isIsolated(entry, "egress") };
	return { ifindex: entry.ifindex, isolated };
}

function policiesOfSets({
	setPolicies,
}: Pick<PolicyMaps, "setPolicies">): (set: number) => PodView["policies"] {
	const sets = new Map<number, PodView["policies"]>();
	for (const [{ policySet }, { namespace, name, direction }] of setPolicies.entries()) {
		const has = (which: PolicyDirection) => (direction & POLICY_BITS[which]) !== 0;
		const policy = { policy: `${namespace}/${name}`, ingress: has("ingress"), egress: has("egress") };
		sets.set(policySet, [...(sets.get(policySet) ?? []), policy]);
	}
	return (set) => (sets.get(set) ?? []).toSorted((a, b) => (a.policy < b.policy ? -1 : 1));
}

interface Allowed {
	classes: Set<number>;
	parts: PortPart[];
}

function allowedByRule(maps: PolicyMaps, { policySet }: Pod): Map<number, Allowed> {
	const allowed = new Map<number, Allowed>();
	for (const direction of POLICY_DIRECTIONS) {
		for (const [key, rule] of entriesOf(maps, policySet, direction)) {
			const known = allowed.get(rule) ?? { classes: new Set(), parts: [] };
			known.classes.add(key.peerClass);
			known.parts.push(portsOf(key));
			allowed.set(rule, known);
		}
	}
	return allowed;
}

/** Names of pods and blocks that are in these classes. */
function peersOfClasses(
	maps: PolicyMaps,
	{ generation }: Pod,
	classes: ReadonlySet<number>,
): Map<number, string[]> {
	const peers = new Map<number, string[]>();
	const add = (number: number, text: string) => {
		if (classes.has(number)) peers.set(number, [...(peers.get(number) ?? []), text]);
	};
	for (const [key, number] of maps.peerAddresses.entries())
		if (key.generation === generation) add(number, nameOf(maps, key.address));
	for (const [key, number] of maps.peerClasses.entries())
		if (key.generation === generation) add(number, blockText(key));
	return peers;
}

/** IPv4 is mapped in the kernel: `10.0.0.0/8` there has 32 + 96 + 8 bits. */
function blockText({ prefixLength, address }: { prefixLength: number; address: string }): string {
	return `${address}/${prefixLength - 32 - (address.includes(":") ? 0 : 96)}`;
}

/** A pod is `namespace/name`, a block ends in its bits behind an address. */
const isBlock = (text: string): boolean =>
	/^[\da-f.:]+\/\d+$/.test(text) && /[.:]/.test(text.split("/")[0] ?? "");

const ruleOrder = ({ direction, policy, index }: RuleView): string =>
	`${direction === "ingress" ? 0 : 1} ${policy} ${String(index).padStart(6, "0")}`;
