/** What policy comes to: the content of the policy maps, as plain rows. */

/** Stands for every peer in the key of a rule. */
export const ANY_CLASS = 0xffff_ffff;

/** Of a local pod, by its address. */
export interface PodEntry {
	/** `namespace/name`. */
	pod: string;
	/** Rule set; 0: no policy selects it. */
	set: number;
	/** Directions in which only what a rule allows passes. */
	isolated: Directions;
	/** Directions in which the set has rules for every peer. */
	any: Directions;
}

/** One flag for each direction, as the pod sees it. */
export interface Directions {
	ingress: boolean;
	egress: boolean;
}

/** An allow: peers of a class, in one direction, to a prefix of ports. */
export interface RuleEntry {
	set: number;
	class: number;
	direction: keyof Directions;
	/** IP protocol number; 0: all of them, and then `portBits` is 0. */
	protocol: number;
	port: number;
	/** Leading bits of `port` that count. */
	portBits: number;
	/** Number of the rule that allows. */
	rule: number;
}

/** A rule as its policy has it. */
export interface RuleName {
	namespace: string;
	policy: string;
	direction: keyof Directions;
	/** Place in `spec.ingress` or `spec.egress`. */
	index: number;
}

/** A policy that selects the pods of a set, and the directions that it isolates. */
export interface SetPolicy extends Directions {
	namespace: string;
	policy: string;
}

/** Everything that the maps should hold. */
export interface PolicyTables {
	pods: Map<string, PodEntry>;
	/** Class of each pod's address (`10.244.1.7`) and of each block (`10.0.0.0/8`); 0: no peer of any rule. */
	peers: Map<string, number>;
	/** `namespace/name` of the pod that has an address, of all nodes. */
	podNames: Map<string, string>;
	/** By `ruleKey`. */
	rules: Map<string, RuleEntry>;
	ruleNames: Map<number, RuleName>;
	setPolicies: Map<number, readonly SetPolicy[]>;
}

/**
 * One safe step, to be written in this order: the rules that are new, then what points at them, and when no program can
 * still be at work with what it has read before, what is left over goes. A packet in between meets the old or the new.
 */
export interface PolicyStep {
	rules: RuleEntry[];
	ruleNames: [number, RuleName][];
	setPolicies: [number, readonly SetPolicy[]][];
	/** Undefined: gone. */
	peers: Map<string, number | undefined>;
	podNames: Map<string, string | undefined>;
	pods: Map<string, PodEntry | undefined>;
	leftRules: RuleEntry[];
	leftRuleNames: number[];
	leftSets: number[];
}

/** How a rule is called, as in `shop/web ingress 0`. */
export function ruleText({ namespace, policy, direction, index }: RuleName): string {
	return `${namespace}/${policy} ${direction} ${index}`;
}

/** The one spelling of a rule's key. */
export function ruleKey({
	set,
	class: peers,
	direction,
	protocol,
	port,
	portBits,
}: Omit<RuleEntry, "rule">): string {
	return `${set} ${peers} ${direction} ${protocol} ${port}/${portBits}`;
}

/** Tables that hold nothing. */
export function emptyTables(): PolicyTables {
	return {
		pods: new Map(),
		peers: new Map(),
		podNames: new Map(),
		rules: new Map(),
		ruleNames: new Map(),
		setPolicies: new Map(),
	};
}

/** A step that changes nothing yet. */
export function emptyStep(): PolicyStep {
	return {
		rules: [],
		ruleNames: [],
		setPolicies: [],
		peers: new Map(),
		podNames: new Map(),
		pods: new Map(),
		leftRules: [],
		leftRuleNames: [],
		leftSets: [],
	};
}

/** True where there is nothing to write. */
export function isEmptyStep(step: PolicyStep): boolean {
	return Object.values(step).every((part) => ("size" in part ? part.size : part.length) === 0);
}
