import type { NetworkPolicyObject, PodObject } from "../../model/policy/objects.ts";
import { matches } from "../../model/policy/selector.ts";
import type { Change } from "../../watch/source.ts";
import { type CompiledPolicy, compilePolicy } from "./compile-policy.ts";
import { KeyIndex } from "./key-index.ts";
import { createLocalPods, type LocalPod } from "./local-pods.ts";
import { createMatrix } from "./matrix.ts";
import { createPeers } from "./peers.ts";
import { createPortNames } from "./port-names.ts";
import type { Labels, Predicate } from "./predicate.ts";
import { createRuleNumbers } from "./rule-numbers.ts";
import {
	emptyStep,
	emptyTables,
	isEmptyStep,
	type PolicyStep,
	type PolicyTables,
	type RuleName,
} from "./tables.ts";

/** What a planner has to know besides objects. */
export interface PolicyPlannerOptions {
	/** Whose pods get their rules; all others are peers only. */
	nodeName: string;
	/** What the kernel has from before: numbers that must not mean anything else, and rules that keep theirs. */
	before?: { lastSet: number; ruleNames: ReadonlyMap<number, RuleName> };
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
	/** How many objects are known. */
	counts(): { policies: number; pods: number };
}

const NO_LABELS: Labels = {};

/** An empty planner. A change costs what depends on it: a pod's labels, one look at each predicate. */
export function createPolicyPlanner({ nodeName, before }: PolicyPlannerOptions): PolicyPlanner {
	const tables = emptyTables();
	const matrix = createMatrix(tables, (before?.lastSet ?? 0) + 1);
	const peers = createPeers(tables, matrix);
	const numbers = createRuleNumbers(before?.ruleNames);
	const localPods = createLocalPods({ tables, matrix, numbers, find: findLocal });
	const namespaces = new Map<string, Labels>();
	const pods = new Map<string, PodObject>();
	const podsOf = new KeyIndex<string>();
	const policies = new Map<string, CompiledPolicy>();
	const policiesOf = new KeyIndex<string>();
	const portNames = createPortNames();

	function findLocal(key: string): LocalPod | undefined {
		const pod = pods.get(key);
		if (!pod || pod.nodeName !== nodeName || pod.hostNetwork || pod.addresses.length === 0) return undefined;
		const own = Array.from(policiesOf.with(pod.namespace), (each) => policies.get(each));
		return {
			pod,
			policies: own.filter((policy) => policy !== undefined && selects(policy, pod)) as CompiledPolicy[],
		};
	}

	function takePod(key: string, pod: PodObject | undefined): void {
		const before = pods.get(key);
		portNames.replace(before, pod);
		if (before) podsOf.delete([before.namespace], key);
		if (pod) {
			pods.set(key, pod);
			podsOf.add([pod.namespace], key);
		} else pods.delete(key);
		peers.setPod(key, pod, namespaces.get(pod?.namespace ?? "") ?? NO_LABELS);
		localPods.touch(key);
	}

	function takeNamespace(name: string, labels: Labels | undefined): void {
		if (labels) namespaces.set(name, labels);
		else namespaces.delete(name);
		for (const key of podsOf.with(name)) peers.setPod(key, pods.get(key), labels ?? NO_LABELS);
	}

	/** Takes a namespace or pod; false: it is neither. */
	function takeObject({ kind, namespace, name, object }: Change): boolean {
		if (kind === "Namespace") takeNamespace(name, object?.kind === kind ? object.labels : undefined);
		else if (kind === "Pod") takePod(`${namespace}/${name}`, object?.kind === kind ? object : undefined);
		else return false;
		return true;
	}

	/** Policies that came, changed or went, compiled; undefined: gone. */
	function compileChanged(changes: readonly Change[]): Map<string, CompiledPolicy | undefined> {
		const changed = new Map<string, NetworkPolicyObject | undefined>();
		for (const { kind, namespace, name, object } of changes) {
			if (kind !== "NetworkPolicy") continue;
			changed.set(`${namespace}/${name}`, object?.kind === kind ? object : undefined);
		}
		// What other pods call a port has changed: as if the policies that say so had.
		for (const [key, { policy, names }] of policies)
			if (!changed.has(key) && names.some(portNames.changed)) changed.set(key, policy);
		const compile = (policy: NetworkPolicyObject | undefined) =>
			policy && compilePolicy(policy, portNames.numbers);
		return new Map(Array.from(changed, ([key, policy]) => [key, compile(policy)]));
	}

	function replacePolicy(key: string, now: CompiledPolicy | undefined): void {
		const before = policies.get(key);
		const namespace = (now ?? before)?.policy.namespace ?? "";
		if (now) {
			policies.set(key, now);
			policiesOf.add([namespace], key);
		} else {
			policies.delete(key);
			policiesOf.delete([namespace], key);
		}
		for (const each of podsOf.with(namespace)) {
			const pod = pods.get(each);
			const isSelected = (compiled: CompiledPolicy | undefined) => pod && compiled && selects(compiled, pod);
			if (isSelected(before) || isSelected(now)) localPods.touch(each);
		}
	}

	/** Rules that a policy has no more. */
	function forget({ policy, rules }: CompiledPolicy, step: PolicyStep): void {
		const now = policies.get(`${policy.namespace}/${policy.name}`)?.rules ?? [];
		for (const number of numbers.forget(policy, rules, now))
			if (tables.ruleNames.delete(number)) step.leftRuleNames.push(number);
	}

	/** What pods and namespaces change, one object after the other. */
	function updatePeers(changes: readonly Change[], { add, isLive }: Steps): void {
		for (const change of changes) {
			if (!takeObject(change) || !isLive) continue;
			add(change.kind === "Pod" ? localPods.join : peers.join);
			add(peers.apply);
			add(localPods.settle);
		}
	}

	/** What policies change: classes learn their predicates, pods change sets, classes forget what nobody asks for. */
	function updatePolicies(
		changed: ReadonlyMap<string, CompiledPolicy | undefined>,
		{ add, isLive }: Steps,
	): void {
		const before = [...changed.keys()].flatMap((key) => policies.get(key) ?? []);
		for (const now of changed.values()) for (const predicate of predicatesOf(now)) peers.use(predicate);
		add(peers.apply);
		for (const [key, now] of changed) replacePolicy(key, now);
		if (isLive) add(localPods.join);
		add((step) => {
			localPods.settle(step);
			for (const each of before) forget(each, step);
		});
		for (const each of before) for (const predicate of predicatesOf(each)) peers.leave(predicate);
		add(peers.apply);
	}

	return {
		tables,
		counts: () => ({ policies: policies.size, pods: pods.size }),
		update(changes, { isLive = true } = {}) {
			const steps: PolicyStep[] = [];
			const add = (change: (step: PolicyStep) => void) => {
				const step = emptyStep();
				change(step);
				matrix.flush(step);
				matrix.sweep(step);
				if (!isEmptyStep(step)) steps.push(step);
			};
			portNames.begin();
			updatePeers(changes, { add, isLive });
			updatePolicies(compileChanged(changes), { add, isLive });
			return steps;
		},
	};
}

/** Takes steps, one after the other. */
interface Steps {
	add(change: (step: PolicyStep) => void): void;
	isLive: boolean;
}

function selects({ policy }: CompiledPolicy, pod: PodObject): boolean {
	return policy.namespace === pod.namespace && matches(policy.podSelector, pod.labels);
}

function predicatesOf(compiled: CompiledPolicy | undefined): Predicate[] {
	return (compiled?.rules ?? []).flatMap(({ predicate }) => predicate ?? []);
}
