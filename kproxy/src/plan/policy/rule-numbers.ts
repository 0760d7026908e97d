import type { NetworkPolicyObject } from "../../model/policy/objects.ts";
import type { CompiledRule } from "./compile-policy.ts";
import { type RuleName, ruleText } from "./tables.ts";

/** Numbers of rules, by which they are counted: a rule keeps its own as long as its policy has a rule in that place. */
export interface RuleNumbers {
	of(policy: NetworkPolicyObject, rule: Pick<CompiledRule, "direction" | "index">): number;
	nameOf(number: number): RuleName | undefined;
	/** Forgets the rules of a policy that are not among those it has now; their numbers. */
	forget(
		policy: NetworkPolicyObject,
		before: readonly CompiledRule[],
		now: readonly CompiledRule[],
	): number[];
}

/** Goes on from rules that have numbers already. */
export function createRuleNumbers(known: ReadonlyMap<number, RuleName> = new Map()): RuleNumbers {
	const names = new Map(known);
	const numbers = new Map(Array.from(names, ([number, name]) => [ruleText(name), number]));
	let next = Math.max(0, ...names.keys()) + 1;
	const nameIn = (
		{ namespace, name }: NetworkPolicyObject,
		{ direction, index }: Pick<CompiledRule, "direction" | "index">,
	) => ({
		namespace,
		policy: name,
		direction,
		index,
	});
	return {
		of(policy, rule) {
			const name = nameIn(policy, rule);
			const text = ruleText(name);
			const number = numbers.get(text) ?? next++;
			numbers.set(text, number);
			names.set(number, name);
			return number;
		},
		nameOf: (number) => names.get(number),
		forget(policy, before, now) {
			const kept = new Set(now.map((rule) => ruleText(nameIn(policy, rule))));
			const gone = new Set(
				before.map((rule) => ruleText(nameIn(policy, rule))).filter((text) => !kept.has(text)),
			);
			return [...gone].flatMap((text) => {
				const number = numbers.get(text);
				numbers.delete(text);
				if (number === undefined) return [];
				names.delete(number);
				return [number];
			});
		},
	};
}
