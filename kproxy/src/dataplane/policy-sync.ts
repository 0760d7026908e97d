import type { Table } from "bpf-maps";
import type { PolicyStep } from "../plan/policy/tables.ts";
import { podValue, policyKey, ruleName, setPolicyEntries, splitPeers } from "./policy-entries.ts";
import type { PolicyMaps } from "./policy-maps.ts";

/** What a step leaves behind: to be deleted when no program can be at work with it any more. */
export type PolicyLeftovers = Pick<PolicyStep, "leftRules" | "leftRuleNames" | "leftSets">;

/**
 * Writes a step: rules first, then what points at them. `ifindexOf` says behind which interface a pod's address is; one
 * that is behind none has no entry. Throws what the maps throw; to write the step once more does no harm.
 */
export function writePolicyStep(
	maps: PolicyMaps,
	step: PolicyStep,
	ifindexOf: (address: string) => number | undefined,
): void {
	maps.rules.setAll(step.rules.map((entry) => [policyKey(entry), entry.rule]));
	maps.names.setAll(step.ruleNames.map(([number, name]) => [number, ruleName(name)]));
	maps.setPolicies.setAll(step.setPolicies.flatMap(([set, policies]) => setPolicyEntries(set, policies)));
	const { addresses, blocks } = splitPeers(step);
	put(maps.peerClasses, blocks);
	put(maps.peerAddresses, addresses);
	put(
		maps.pods,
		Array.from(step.pods, ([address, entry]) => {
			const ifindex = entry && ifindexOf(address);
			return [
				address,
				ifindex === undefined ? undefined : podValue(entry as NonNullable<typeof entry>, ifindex),
			];
		}),
	);
}

/** Deletes what steps have left behind. */
export function deletePolicyLeftovers(
	maps: PolicyMaps,
	{ leftRules, leftRuleNames, leftSets }: PolicyLeftovers,
): void {
	maps.rules.deleteAll(leftRules.map(policyKey));
	maps.names.deleteAll(leftRuleNames);
	const left = new Set(leftSets);
	if (left.size === 0) return;
	maps.setPolicies.deleteAll(
		Array.from(maps.setPolicies.entries(), ([key]) => key).filter(({ policySet }) => left.has(policySet)),
	);
}

function put<K, V>(table: Table<K, V>, entries: readonly (readonly [K, V | undefined])[]): void {
	table.setAll(
		entries
			.filter((entry): entry is readonly [K, V] => entry[1] !== undefined)
			.map(([key, value]) => [key, value]),
	);
	table.deleteAll(entries.filter(([, value]) => value === undefined).map(([key]) => key));
}
