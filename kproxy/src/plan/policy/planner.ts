import type { ApiObject } from "../../model/objects.ts";
import type { NetworkPolicyObject, PodObject, PolicyProtocol } from "../../model/policy/objects.ts";
import { matches } from "../../model/policy/selector.ts";
import type { Change } from "../../watch/source.ts";
import { type CompiledPolicy, compilePolicy } from "./compile-policy.ts";
import { Groups } from "./groups.ts";
import { createMatrix, directionsOf, type RuleSet, type SetContent, type TakenNumbers } from "./matrix.ts";
import { createPeers } from "./peers.ts";
import { createPortNames } from "./port-names.ts";
import { portPrefixes } from "./port-prefixes.ts";
import type { Labels, Predicate } from "./predicate.ts";
import {
	type Directions,
	emptyStep,
	isEmptyStep,
	type PodEntry,
	type PolicyStep,
	type PolicyTables,
	type RuleName,
} from "./tables.ts";

/** What a planner has to know besides objects. */
export interface PolicyPlannerOptions {
	/** Whose pods get their rules; all others are peers only. */
	nodeName: string;
	/** Numbers of what the maps hold already; default: nothing. */
	taken?: TakenNumbers & { rules: ReadonlyMap<string, number> };
}

/** Policy as rows, kept up to date. Does no I/O. */
export interface PolicyPlanner {
	/**
	 * What the changes come to, in steps to be written one after the other. `isLive` false: nothing is enforced yet, so that
	 * nobody minds what is in between, and there are few steps.
	 */
	update(changes: readonly Change[], options?: { isLive?: boolean }): PolicyStep[];
	/** Everything that the maps hold once all steps have been written. */
	readonly tables: PolicyTables;
	/** How much there is. */
	counts(): { policies: number; pods: number; namespaces: number };
}

const NO_LABELS: Labels = {};

/** An empty planner. A change costs what depends on it: a pod's labels, one look at each predicate. */
export function createPolicyPlanner({ nodeName, taken }: PolicyPlannerOptions): PolicyPlanner {
	const tables: PolicyTables = {
		pods: new Map(),
		peers: new Map(),
		rules: new Map(),
		ruleNames: new Map(),
		setPolicies: new Map(),
	};
	const matrix = createMatrix(tables, taken ?? { next: 1, classes: new Map(), sets: new Map() });
	const peers = createPeers(tables, matrix);
	const namespaces = new Map<string, Labels>();
	const pods = new Map<string, PodObject>();
	const podsOf = new Groups();
	const policies = new Map<string, CompiledPolicy>();
	const policiesOf = new Groups();
	const portNames = createPortNames();
	const setOf = new Map<string, { addresses: readonly string[]; number: number }>();
	const ruleNumbers = new Map<string, number>(taken?.rules);
	const names = new Map<number, RuleName>();
	let nextRule = Math.max(0, ...ruleNumbers.values()) + 1;

	/** Pods whose rule set may be another one now. */
	let unsettled = new Set<string>();
	/** Sets that pods are on their way to. */
	let held: number[] = [];

	function takePod(key: string, pod: PodObject | undefined): void {
		const before = pods.get(key);
		portNames.replace(before, pod);
		if (pod) pods.set(key, pod);
		else pods.delete(key);
		podsOf.note(key, (pod ?? before)?.namespace ?? "", pod !== undefined);
		peers.setPod(key, pod, namespaces.get(pod?.namespace ?? "") ?? NO_LABELS);
		unsettled.add(key);
	}

	function takeNamespace(name: string, labels: Labels | undefined): void {
		if (labels) namespaces.set(name, labels);
		else namespaces.delete(name);
		for (const key of podsOf.in(name)) peers.setPod(key, pods.get(key), labels ?? NO_LABELS);
	}

	/** The content of a pod's set, and a key that is equal for equal content. */
	function wantedSet(pod: PodObject): { key: string; content: () => SetContent } {
		const own: CompiledPolicy[] = [];
		for (const key of policiesOf.in(pod.namespace)) {
			const compiled = policies.get(key);
			if (compiled && matches(compiled.policy.podSelector, pod.labels)) own.push(compiled);
		}
		own.sort((a, b) => (a.policy.name < b.policy.name ? -1 : 1));
		const numbers = (name: string, protocol: PolicyProtocol) =>
			pod.ports.filter((port) => port.name === name && port.protocol === protocol).map(({ port }) => port);
		const rules = own.flatMap((compiled) =>
			compiled.rules.map((rule) => ({
				rule: numberOf(compiled.policy, rule),
				direction: rule.direction,
				predicate: rule.predicate?.key,
				ports: portPrefixes(rule.ports, numbers),
			})),
		);
		const directions = own.map(({ policy }) => ({
			namespace: policy.namespace,
			policy: policy.name,
			ingress: policy.isolates.includes("ingress"),
			egress: policy.isolates.includes("egress"),
		}));
		return {
			key: own.length === 0 ? "" : JSON.stringify([directions, rules]),
			content: () => ({ rules, policies: directions }),
		};
	}

	function numberOf({ namespace, name }: NetworkPolicyObject, { direction, index }: RulePlace): number {
		const ruleName = { namespace, policy: name, direction, index };
		const text = ruleText(ruleName);
		const number = ruleNumbers.get(text) ?? nextRule++;
		ruleNumbers.set(text, number);
		names.set(number, ruleName);
		return number;
	}

	/** Puts the pods that may have changed into the sets that they belong to. */
	function settle(step: PolicyStep): void {
		for (const key of unsettled) {
			const pod = pods.get(key);
			const before = setOf.get(key);
			const now = pod && isOurs(pod) ? enter(pod, key, step) : undefined;
			if (now) setOf.set(key, now);
			else setOf.delete(key);
			for (const address of before?.addresses ?? []) {
				const isLeft = !now?.addresses.includes(address) && tables.pods.get(address)?.pod === key;
				if (isLeft) putPod(address, undefined, step);
			}
			if (before && before.number > 0) matrix.releaseSet(before.number);
		}
		unsettled = new Set();
		for (const number of held) if (number > 0) matrix.releaseSet(number);
		held = [];
	}

	function isOurs(pod: PodObject): boolean {
		return pod.nodeName === nodeName && !pod.hostNetwork && pod.addresses.length > 0;
	}

	/**
	 * Gives pods that change a set in between, which allows what both their old and their new one do; a pod that is new
	 * gets its own at once. `settle` finishes it.
	 */
	function enterJoint(step: PolicyStep): void {
		for (const key of unsettled) {
			const pod = pods.get(key);
			if (!pod || !isOurs(pod)) continue;
			const before = setOf.get(key);
			const wanted = wantedSet(pod);
			let number = matrix.acquireSet(wanted.key, wanted.content);
			if (before && before.number !== number) {
				const joint = matrix.acquireJointSet(before.number, number);
				held.push(number);
				number = joint;
			}
			setOf.set(key, { addresses: [...new Set([...(before?.addresses ?? []), ...pod.addresses])], number });
			if (before && before.number > 0) matrix.releaseSet(before.number);
			putPods(key, pod.addresses, { number, step });
		}
	}

	function enter(
		pod: PodObject,
		key: string,
		step: PolicyStep,
	): { addresses: readonly string[]; number: number } {
		const wanted = wantedSet(pod);
		const number = matrix.acquireSet(wanted.key, wanted.content);
		putPods(key, pod.addresses, { number, step });
		return { addresses: pod.addresses, number };
	}

	function putPods(
		pod: string,
		addresses: readonly string[],
		{ number, step }: { number: number; step: PolicyStep },
	): void {
		const set = matrix.set(number);
		nameRules(set, step);
		for (const address of addresses) putPod(address, { pod, set: number, ...directionsOf(set) }, step);
	}

	function nameRules(set: RuleSet | undefined, step: PolicyStep): void {
		for (const { rule } of set?.parts.flatMap(({ rules }) => rules) ?? []) {
			if (tables.ruleNames.has(rule)) continue;
			const name = names.get(rule);
			if (!name) continue;
			tables.ruleNames.set(rule, name);
			step.ruleNames.push([rule, name]);
		}
	}

	function putPod(address: string, entry: PodEntry | undefined, step: PolicyStep): void {
		if (samePod(tables.pods.get(address), entry)) return;
		if (entry) tables.pods.set(address, entry);
		else tables.pods.delete(address);
		step.pods.set(address, entry);
	}

	return {
		tables,
		counts: () => ({ policies: policies.size, pods: pods.size, namespaces: namespaces.size }),
		update(changes, { isLive = true } = {}) {
			const steps: PolicyStep[] = [];
			const inStep = (change: (step: PolicyStep) => void) => {
				const step = emptyStep();
				change(step);
				matrix.flush(step);
				matrix.sweep(step);
				if (!isEmptyStep(step)) steps.push(step);
			};
			portNames.begin();
			for (const change of changes) {
				if (!takeObject(change) || !isLive) continue;
				inStep(change.kind === "Pod" ? enterJoint : peers.join);
				inStep(peers.apply);
				inStep(settle);
			}
			const compiled = compileChanged(changedPolicies(changes));
			for (const now of compiled.values()) for (const predicate of predicatesOf(now)) peers.use(predicate);
			inStep(peers.apply);

			const left = [...compiled.keys()].flatMap((key) => policies.get(key) ?? []);
			for (const [key, now] of compiled) replacePolicy(key, now);
			if (isLive) inStep(enterJoint);
			inStep((step) => {
				settle(step);
				for (const { policy, rules } of left) forget(policy, rules, step);
			});

			for (const before of left) for (const predicate of predicatesOf(before)) peers.leave(predicate);
			inStep(peers.apply);
			return steps;
		},
	};

	/** Takes a namespace or pod; false: it is neither. */
	function takeObject({ kind, namespace, name, object }: Change): boolean {
		if (kind === "Namespace") takeNamespace(name, labelsOf(object));
		else if (kind === "Pod") takePod(`${namespace}/${name}`, object as PodObject | undefined);
		else return false;
		return true;
	}

	/** Policies that came, changed or went; undefined: gone. */
	function changedPolicies(changes: readonly Change[]): Map<string, NetworkPolicyObject | undefined> {
		const changed = new Map<string, NetworkPolicyObject | undefined>();
		for (const { kind, namespace, name, object } of changes)
			if (kind === "NetworkPolicy")
				changed.set(`${namespace}/${name}`, object as NetworkPolicyObject | undefined);
		// What other pods call a port has changed: as if the policies that say so had.
		for (const [key, { policy, names }] of policies)
			if (!changed.has(key) && names.some(portNames.changed)) changed.set(key, policy);
		return changed;
	}

	function compileChanged(
		changed: ReadonlyMap<string, NetworkPolicyObject | undefined>,
	): Map<string, CompiledPolicy | undefined> {
		const compile = (policy: NetworkPolicyObject | undefined) =>
			policy && compilePolicy(policy, portNames.numbers);
		return new Map(Array.from(changed, ([key, policy]) => [key, compile(policy)]));
	}

	function replacePolicy(key: string, now: CompiledPolicy | undefined): void {
		const before = policies.get(key);
		if (now) policies.set(key, now);
		else policies.delete(key);
		const namespace = (now ?? before)?.policy.namespace ?? "";
		policiesOf.note(key, namespace, now !== undefined);
		for (const each of podsOf.in(namespace)) {
			const pod = pods.get(each);
			const selects = (compiled: CompiledPolicy | undefined) =>
				pod && compiled && matches(compiled.policy.podSelector, pod.labels);
			if (selects(before) || selects(now)) unsettled.add(each);
		}
	}

	/** Numbers of rules that their policy has no more. */
	function forget(policy: NetworkPolicyObject, rules: CompiledPolicy["rules"], step: PolicyStep): void {
		const now = new Set(
			policies.get(`${policy.namespace}/${policy.name}`)?.rules.map((rule) => textOf(policy, rule)),
		);
		for (const rule of rules) {
			const text = textOf(policy, rule);
			const number = ruleNumbers.get(text);
			if (now.has(text) || number === undefined) continue;
			ruleNumbers.delete(text);
			names.delete(number);
			if (tables.ruleNames.delete(number)) step.leftRuleNames.push(number);
		}
	}
}

function predicatesOf(compiled: CompiledPolicy | undefined): Predicate[] {
	return (compiled?.rules ?? []).flatMap(({ predicate }) => predicate ?? []);
}

type RulePlace = { direction: keyof Directions; index: number };

const textOf = ({ namespace, name }: NetworkPolicyObject, { direction, index }: RulePlace) =>
	ruleText({ namespace, policy: name, direction, index });

/** How a rule is called, as in `shop/web ingress 0`. */
export function ruleText({
	namespace,
	policy,
	direction,
	index,
}: { namespace: string; policy: string } & RulePlace): string {
	return `${namespace}/${policy} ${direction} ${index}`;
}

function labelsOf(object: ApiObject | undefined): Labels | undefined {
	return object?.kind === "Namespace" ? object.labels : undefined;
}

function samePod(a: PodEntry | undefined, b: PodEntry | undefined): boolean {
	return JSON.stringify(a) === JSON.stringify(b);
}
