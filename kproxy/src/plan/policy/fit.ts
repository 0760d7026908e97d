import type { Problem } from "../../problem.ts";
import type { MapUse } from "../map-use.ts";
import type { PolicyTables } from "./tables.ts";

/** Policies that a message names. */
const NAMED_POLICIES = 3;

/** Limits of the maps, in entries. */
export interface PolicyLimits {
	pods: number;
	peerAddresses: number;
	peerClasses: number;
	rules: number;
	ruleNames: number;
	setPolicies: number;
}

/**
 * How full the policy maps are. Of those that a start writes anew beside what is there, half of the room counts: the other
 * half is for the generation before.
 */
export function policyUse(tables: PolicyTables, limits: PolicyLimits): MapUse[] {
	const blocks = [...tables.peers.keys()].reduce((count, text) => count + (text.includes("/") ? 1 : 0), 0);
	const setPolicies = [...tables.setPolicies.values()].reduce(
		(count, policies) => count + policies.length,
		0,
	);
	const half = (limit: number) => Math.floor(limit / 2);
	return [
		{ name: "policy_rules", used: tables.rules.size, limit: half(limits.rules) },
		{ name: "peer_addresses", used: tables.peers.size - blocks, limit: half(limits.peerAddresses) },
		{ name: "peer_classes", used: blocks, limit: half(limits.peerClasses) },
		{ name: "set_policies", used: setPolicies, limit: half(limits.setPolicies) },
		{ name: "policy_names", used: tables.ruleNames.size, limit: limits.ruleNames },
		{ name: "pods", used: tables.pods.size, limit: limits.pods },
	];
}

/** Why policy cannot be written; undefined where it fits. */
export function explainPolicyOverflow(tables: PolicyTables, use: readonly MapUse[]): Problem | undefined {
	const full = use.find(({ used, limit }) => used > limit);
	if (!full) return undefined;
	const object = "NetworkPolicies";
	const largest = full.name === "policy_rules" ? `; most are of ${largestPolicies(tables)}` : "";
	return {
		id: `${object} MAP_FULL ${full.name}`,
		object,
		code: "MAP_FULL",
		message:
			`${object}: need ${full.used} entries in ${full.name}, which has room for ${full.limit}${largest}; ` +
			"what was enforced before goes on being enforced, and nothing of what has changed since",
		map: full,
	};
}

/** As in `shop/web (12,000), shop/db (400)`. */
function largestPolicies({ rules, ruleNames }: PolicyTables): string {
	const counts = new Map<string, number>();
	for (const { rule } of rules.values()) {
		const name = ruleNames.get(rule);
		const policy = name ? `${name.namespace}/${name.policy}` : "an older policy";
		counts.set(policy, (counts.get(policy) ?? 0) + 1);
	}
	return [...counts]
		.sort(([, a], [, b]) => b - a)
		.slice(0, NAMED_POLICIES)
		.map(([policy, count]) => `${policy} (${count.toLocaleString("en")})`)
		.join(", ");
}
