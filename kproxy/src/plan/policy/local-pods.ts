import type { PodObject, PolicyProtocol } from "../../model/policy/objects.ts";
import type { CompiledPolicy } from "./compile-policy.ts";
import type { Matrix } from "./matrix.ts";
import { portPrefixes } from "./port-prefixes.ts";
import type { RuleNumbers } from "./rule-numbers.ts";
import { directionsOf, type RuleSet, type SetContent } from "./rule-set.ts";
import type { PodEntry, PolicyStep, PolicyTables } from "./tables.ts";

/** The pods of this node and the rule set that each has. */
export interface LocalPods {
	/** The set of this pod may be another one now, or it came or went. */
	touch(key: string): void;
	/**
	 * Gives pods that change a set in between, which allows what both their old and their new one do; a pod that is new
	 * gets its own at once. `settle` finishes it.
	 */
	join(step: PolicyStep): void;
	/** Puts all that were touched into the sets that they belong to. */
	settle(step: PolicyStep): void;
}

/** What is known of a pod of this node. */
export interface LocalPod {
	pod: PodObject;
	/** Those that select it. */
	policies: CompiledPolicy[];
}

/** Where a pod is: by which addresses, and in which set. */
interface Place {
	addresses: readonly string[];
	set: number;
}

/** Keeps `tables.pods` and the names of rules; `find` gives a pod of this node. */
export function createLocalPods({
	tables,
	matrix,
	numbers,
	find,
}: {
	tables: PolicyTables;
	matrix: Matrix;
	numbers: RuleNumbers;
	find: (key: string) => LocalPod | undefined;
}): LocalPods {
	const places = new Map<string, Place>();
	let touched = new Set<string>();
	/** Sets that pods are on their way to. */
	let ahead: number[] = [];

	function acquire(found: LocalPod): number {
		const { key, content } = contentFor(found, numbers);
		return matrix.acquireSet(key, () => content);
	}

	function put(pod: string, { addresses, set }: Place, step: PolicyStep): void {
		const rules = matrix.set(set);
		nameRules(rules, step);
		for (const address of addresses) putEntry(address, { pod, set, ...directionsOf(rules) }, step);
	}

	function putEntry(address: string, entry: PodEntry | undefined, step: PolicyStep): void {
		if (JSON.stringify(tables.pods.get(address)) === JSON.stringify(entry)) return;
		if (entry) tables.pods.set(address, entry);
		else tables.pods.delete(address);
		step.pods.set(address, entry);
	}

	function nameRules(set: RuleSet | undefined, step: PolicyStep): void {
		for (const { rule } of set?.parts.flatMap(({ rules }) => rules) ?? []) {
			const name = numbers.nameOf(rule);
			if (tables.ruleNames.has(rule) || !name) continue;
			tables.ruleNames.set(rule, name);
			step.ruleNames.push([rule, name]);
		}
	}

	function joinOne(key: string, found: LocalPod, step: PolicyStep): void {
		const before = places.get(key);
		const { addresses } = found.pod;
		const wanted = acquire(found);
		let set = wanted;
		if (before && before.set !== wanted) {
			set = matrix.acquireJointSet(before.set, wanted);
			ahead.push(wanted);
		}
		places.set(key, { addresses: [...new Set([...(before?.addresses ?? []), ...addresses])], set });
		if (before) matrix.releaseSet(before.set);
		put(key, { addresses, set }, step);
	}

	function settleOne(key: string, step: PolicyStep): void {
		const before = places.get(key);
		const found = find(key);
		const now = found && { addresses: found.pod.addresses, set: acquire(found) };
		if (now) {
			places.set(key, now);
			put(key, now, step);
		} else places.delete(key);
		for (const address of before?.addresses ?? []) {
			const isLeft = !now?.addresses.includes(address) && tables.pods.get(address)?.pod === key;
			if (isLeft) putEntry(address, undefined, step);
		}
		if (before) matrix.releaseSet(before.set);
	}

	return {
		touch: (key) => touched.add(key),
		join(step) {
			for (const key of touched) {
				const found = find(key);
				if (found) joinOne(key, found, step);
			}
		},
		settle(step) {
			for (const key of touched) settleOne(key, step);
			for (const set of ahead) matrix.releaseSet(set);
			touched = new Set();
			ahead = [];
		},
	};
}

/** The content of a pod's set, and a key that is equal for equal content; empty where no policy selects it. */
function contentFor({ pod, policies }: LocalPod, numbers: RuleNumbers): { key: string; content: SetContent } {
	if (policies.length === 0) return { key: "", content: { rules: [], policies: [] } };
	const sorted = policies.toSorted((a, b) => (a.policy.name < b.policy.name ? -1 : 1));
	const ownPorts = (name: string, protocol: PolicyProtocol) =>
		pod.ports.filter((port) => port.name === name && port.protocol === protocol).map(({ port }) => port);
	const content = {
		policies: sorted.map(({ policy: { namespace, name, isolates } }) => ({
			namespace,
			policy: name,
			ingress: isolates.includes("ingress"),
			egress: isolates.includes("egress"),
		})),
		rules: sorted.flatMap(({ policy, rules }) =>
			rules.map((rule) => ({
				rule: numbers.of(policy, rule),
				direction: rule.direction,
				predicate: rule.predicate?.key,
				ports: portPrefixes(rule.ports, ownPorts),
			})),
		),
	};
	return { key: JSON.stringify(content), content };
}
