import type { PortPrefix } from "./port-prefixes.ts";
import type { Directions, SetPolicy } from "./tables.ts";

/**
 * What addresses share that satisfy the same predicates. It never changes: other predicates are another class. With two
 * lists it is that of an address on its way from one to the other: it is allowed what both are.
 */
export interface PeerClass {
	readonly number: number;
	readonly key: string;
	readonly parts: readonly (readonly string[])[];
	users: number;
}

/**
 * The rules of pods that the same policies select. It never changes: other rules are another set. With two parts it is
 * that of a pod on its way from one to the other: it allows what both do.
 */
export interface RuleSet {
	readonly number: number;
	readonly key: string;
	readonly parts: readonly SetContent[];
	users: number;
}

/** What makes a set. */
export interface SetContent {
	readonly rules: readonly SetRule[];
	readonly policies: readonly SetPolicy[];
}

/** One rule in a set, or a part of one. */
export interface SetRule {
	readonly rule: number;
	readonly direction: keyof Directions;
	/** Key of its predicate; undefined: every peer. */
	readonly predicate: string | undefined;
	readonly ports: readonly PortPrefix[];
}

/** Of a pod that no policy selects. */
export const OPEN: SetContent = { rules: [], policies: [] };

/** Keys of the predicates that its rules have. */
export function predicatesOf({ parts }: RuleSet): string[] {
	return [...new Set(parts.flatMap(({ rules }) => rules.flatMap(({ predicate }) => predicate ?? [])))];
}

/** Every policy of its parts once. */
export function policiesOf({ parts }: RuleSet): readonly SetPolicy[] {
	const all = parts.flatMap(({ policies }) => policies);
	return [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];
}

/** Directions in which a set allows only what its rules do, and in which it has rules for every peer. */
export function directionsOf(set: RuleSet | undefined): { isolated: Directions; any: Directions } {
	const { parts = [] } = set ?? {};
	const isolated = (direction: keyof Directions) => parts.some((part) => isolates(part, direction));
	const any = (direction: keyof Directions) =>
		parts.some(({ rules }) =>
			rules.some((rule) => rule.direction === direction && rule.predicate === undefined),
		);
	return {
		isolated: { ingress: isolated("ingress"), egress: isolated("egress") },
		any: { ingress: any("ingress"), egress: any("egress") },
	};
}

/** Whether only what rules allow passes in a direction. */
export function isolates({ policies }: SetContent, direction: keyof Directions): boolean {
	return policies.some((policy) => policy[direction]);
}
