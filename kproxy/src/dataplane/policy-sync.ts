/** Writes planned policy into the kernel, in an order in which a packet meets the old or the new. */
import type { Table } from "bpf-maps";
import {
	type PodEntry,
	type PolicyStep,
	type PolicyTables,
	type RuleEntry,
	type RuleName,
	ruleKey,
	type SetPolicy,
} from "../plan/policy/tables.ts";
import type { Pod } from "./generated/tc.ts";
import {
	podName,
	podValue,
	policyKey,
	ruleName,
	ruleNameOf,
	ruleOf,
	setPolicyEntries,
	splitPeers,
} from "./policy-entries.ts";
import type { PolicyMaps } from "./policy-maps.ts";

/** Where pods are, and which generation of peers is written. */
export interface PolicyPlace {
	generation: number;
	/** Index of the interface that an address is behind; a pod that is behind none has no entry. */
	ifindexOf(address: string): number | undefined;
}

/** What a step leaves behind: to be deleted when no program can be at work with it any more. */
export type PolicyLeftovers = Pick<PolicyStep, "leftRules" | "leftRuleNames" | "leftSets">;

/** Writes a step: rules first, then what points at them. Throws what the maps throw. */
export function writePolicyStep(maps: PolicyMaps, step: PolicyStep, place: PolicyPlace): void {
	writeRules(maps, step);
	writePeers(maps, step, place);
	put(maps.podNames, map(step.podNames, podName));
	writePods(maps, step.pods, place);
}

/**
 * Writes everything under a generation that no pod has yet, then moves one pod after the other to it: each is judged by
 * all of the old or all of the new. Throws what the maps throw; what was there before is untouched by what comes first.
 */
export function writePolicyWhole(maps: PolicyMaps, tables: PolicyTables, place: PolicyPlace): void {
	writeRules(maps, { ...tables, rules: tables.rules.values() });
	writePeers(maps, tables, place);
	put(maps.podNames, map(tables.podNames, podName));
	writePods(maps, tables.pods, place);
	const gone = Array.from(maps.pods.entries(), ([address]) => address).filter(
		(address) => !tables.pods.has(address),
	);
	maps.pods.deleteAll(gone);
}

/** Writes the entries of pods; undefined: gone. */
export function writePods(
	maps: Pick<PolicyMaps, "pods">,
	pods: Iterable<readonly [string, PodEntry | undefined]>,
	{ generation, ifindexOf }: PolicyPlace,
): void {
	const podAt = (address: string, entry: PodEntry | undefined): Pod | undefined => {
		const ifindex = entry && ifindexOf(address);
		return entry && ifindex !== undefined ? podValue(entry, { ifindex, generation }) : undefined;
	};
	put(
		maps.pods,
		Array.from(pods, ([address, entry]) => [address, podAt(address, entry)]),
	);
}

/** Deletes what steps have left behind. */
export function deletePolicyLeftovers(
	maps: PolicyMaps,
	{ leftRules, leftRuleNames, leftSets }: PolicyLeftovers,
): void {
	maps.rules.deleteAll(leftRules.map(policyKey));
	maps.names.deleteAll(leftRuleNames);
	maps.hits.deleteAll(leftRuleNames);
	const left = new Set(leftSets);
	if (left.size > 0) deleteWhere(maps.setPolicies, ({ policySet }) => left.has(policySet));
}

/**
 * Deletes what `writePolicyWhole` has put something else in the place of, and what was planned away before it and never
 * written. `waiting`: what still has its own time.
 */
export function deleteOldGenerations(
	maps: PolicyMaps,
	{
		tables,
		generation,
		waiting,
	}: { tables: PolicyTables; generation: number; waiting: readonly PolicyLeftovers[] },
): void {
	const leftSets = new Set(waiting.flatMap((left) => left.leftSets));
	const leftRules = new Set(waiting.flatMap((left) => left.leftRules.map(ruleKey)));
	const isOurs = (set: number) => tables.setPolicies.has(set) || leftSets.has(set);
	const isPlanned = (key: string) => tables.rules.has(key) || leftRules.has(key);
	deleteWhere(maps.rules, (key) => !leftSets.has(key.policySet) && !isPlanned(ruleKey(ruleOf(key))));
	deleteWhere(maps.setPolicies, ({ policySet }) => !isOurs(policySet));
	deleteWhere(maps.peerAddresses, (key) => key.generation !== generation);
	deleteWhere(maps.peerClasses, (key) => key.generation !== generation);
	deleteWhere(maps.podNames, (address) => !tables.podNames.has(address));
	deleteWhere(maps.names, (rule) => !tables.ruleNames.has(rule));
	deleteWhere(maps.hits, (rule) => !tables.ruleNames.has(rule));
}

/** Deletes peers that were written for pods which then were not: of no pod, and not of what was written whole last. */
export function deleteUnfinishedGenerations(maps: PolicyMaps): void {
	const used = new Set(Array.from(maps.pods.entries(), ([, { generation }]) => generation));
	used.add(maps.state.get(0)?.generation ?? 0);
	deleteWhere(maps.peerAddresses, ({ generation }) => !used.has(generation));
	deleteWhere(maps.peerClasses, ({ generation }) => !used.has(generation));
}

/** What a planner has to know of what is in the kernel already. */
export function readPolicyBefore(maps: PolicyMaps): { lastSet: number; ruleNames: Map<number, RuleName> } {
	let lastSet = 0;
	for (const [{ policySet }] of maps.setPolicies.entries()) lastSet = Math.max(lastSet, policySet);
	const ruleNames = Array.from(maps.names.entries(), ([rule, name]) => [rule, ruleNameOf(name)] as const);
	return { lastSet, ruleNames: new Map(ruleNames) };
}

function writeRules(
	maps: PolicyMaps,
	{
		rules,
		ruleNames,
		setPolicies,
	}: {
		rules: Iterable<RuleEntry>;
		ruleNames: Iterable<readonly [number, RuleName]>;
		setPolicies: Iterable<readonly [number, readonly SetPolicy[]]>;
	},
): void {
	const names = [...ruleNames];
	maps.names.setAll(names.map(([number, name]) => [number, ruleName(name)]));
	// A rule that was there before goes on counting.
	for (const [number] of names) maps.hits.set(number, 0n, "create");
	maps.setPolicies.setAll(
		Array.from(setPolicies).flatMap(([set, policies]) => setPolicyEntries(set, policies)),
	);
	maps.rules.setAll(Array.from(rules, (entry) => [policyKey(entry), entry.rule]));
}

function writePeers(
	maps: PolicyMaps,
	{ peers }: { peers: Iterable<readonly [string, number | undefined]> },
	{ generation }: PolicyPlace,
): void {
	const { addresses, blocks } = splitPeers(peers, generation);
	put(maps.peerClasses, blocks);
	put(maps.peerAddresses, addresses);
}

function map<From, To>(
	entries: Iterable<readonly [string, From | undefined]>,
	convert: (from: From) => To,
): (readonly [string, To | undefined])[] {
	return Array.from(entries, ([key, value]) => [key, value === undefined ? undefined : convert(value)]);
}

function put<K, V>(table: Table<K, V>, entries: readonly (readonly [K, V | undefined])[]): void {
	table.setAll(
		entries
			.filter((entry): entry is readonly [K, V] => entry[1] !== undefined)
			.map(([key, value]) => [key, value]),
	);
	table.deleteAll(entries.filter(([, value]) => value === undefined).map(([key]) => key));
}

function deleteWhere<K, V>(table: Table<K, V>, isGone: (key: K) => boolean): void {
	table.deleteAll(Array.from(table.entries(), ([key]) => key).filter(isGone));
}
