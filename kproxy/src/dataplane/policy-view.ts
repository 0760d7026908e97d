/** What of policy is in the kernel, in the user's words. */
import { ANY_CLASS, type Directions, type RuleEntry, type SetPolicy } from "../plan/policy/tables.ts";
import { type Pod, PodFlag, Protocol } from "./generated/tc.ts";
import { ruleNameOf, ruleOf, setPolicyOf } from "./policy-entries.ts";
import type { PolicyMaps } from "./policy-maps.ts";
import { mergePorts, type PortPart, portsText } from "./port-ranges.ts";

/** As the pod sees it. */
export type PolicyDirection = keyof Directions;

const ISOLATED = { egress: PodFlag.ISOLATED_EGRESS, ingress: PodFlag.ISOLATED_INGRESS } as const;

/** A pod of this node. */
export interface PodView {
	/** `namespace/name`. */
	pod: string;
	addresses: string[];
	/** Index of the interface that it is behind. */
	ifindex: number;
	isolated: Directions;
	/** Policies that select it, and what they isolate. */
	policies: ({ policy: string } & Directions)[];
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
				policies: policies(entry.policySet).map((each) => ({
					policy: policyText(each),
					ingress: each.ingress,
					egress: each.egress,
				})),
			});
	}
	return [...views.values()].sort((a, b) => (a.pod < b.pod ? -1 : 1));
}

/** `namespace/name` of the pod that has an address. */
export function podOf({ podNames }: Pick<PolicyMaps, "podNames">, address: string): string | undefined {
	const found = podNames.get(address);
	return found && `${found.namespace}/${found.name}`;
}

/** The same; the address where no pod is known. */
export function nameOf(maps: Pick<PolicyMaps, "podNames">, address: string): string {
	return podOf(maps, address) ?? address;
}

/** As in `shop/web`. */
export function policyText({ namespace, policy }: Pick<SetPolicy, "namespace" | "policy">): string {
	return `${namespace}/${policy}`;
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
		.map(policyText);
}

/** Every rule of the policies that select the pod with this entry. Cost: reads the policy maps once. */
export function describeRules(maps: PolicyMaps, entry: Pod): RuleView[] {
	const allowed = allowedByRule(maps, entry);
	const peers = peersOfClasses(
		maps,
		entry,
		new Set([...allowed.values()].flatMap(({ classes }) => [...classes])),
	);
	const policies = new Map(policiesOfSets(maps)(entry.policySet).map((each) => [policyText(each), each]));
	const views: RuleView[] = [];
	for (const [number, name] of maps.names.entries()) {
		const { direction, index, ...of } = ruleNameOf(name);
		const policy = policyText(of);
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

/** The ports that a rule allows. */
export function portsOf({ protocol, port, portBits }: RuleEntry): PortPart {
	if (protocol === Protocol.ANY) return { protocol, first: 0, last: 65_535 };
	return { protocol, first: port, last: port + 2 ** (16 - portBits) - 1 };
}

/** Every rule of a set. Cost: reads all rules once. */
export function rulesOf({ rules }: Pick<PolicyMaps, "rules">, set: number): RuleEntry[] {
	const found: RuleEntry[] = [];
	for (const [key, rule] of rules.entries()) if (key.policySet === set) found.push({ ...ruleOf(key), rule });
	return found;
}

function describeEntry(entry: Pod): Pick<PodView, "ifindex" | "isolated"> {
	const isolated = { ingress: isIsolated(entry, "ingress"), egress: isIsolated(entry, "egress") };
	return { ifindex: entry.ifindex, isolated };
}

/** The policies of each set, by name. Cost: reads all of them once. */
export function policiesOfSets({
	setPolicies,
}: Pick<PolicyMaps, "setPolicies">): (set: number) => readonly SetPolicy[] {
	const sets = new Map<number, SetPolicy[]>();
	for (const [{ policySet }, name] of setPolicies.entries())
		sets.set(policySet, [...(sets.get(policySet) ?? []), setPolicyOf(name)]);
	return (set) => (sets.get(set) ?? []).toSorted((a, b) => (policyText(a) < policyText(b) ? -1 : 1));
}

interface Allowed {
	classes: Set<number>;
	parts: PortPart[];
}

function allowedByRule(maps: PolicyMaps, { policySet }: Pod): Map<number, Allowed> {
	const allowed = new Map<number, Allowed>();
	for (const entry of rulesOf(maps, policySet)) {
		const known = allowed.get(entry.rule) ?? { classes: new Set(), parts: [] };
		known.classes.add(entry.class);
		known.parts.push(portsOf(entry));
		allowed.set(entry.rule, known);
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
