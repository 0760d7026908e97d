import type { PolicyMaps } from "../../../src/dataplane/policy-maps.ts";
import type { PolicyTables } from "../../../src/plan/policy/tables.ts";

/** Where the kernel has more or less than what is planned; undefined where it has neither. */
export function explainRows(maps: PolicyMaps, tables: PolicyTables): string | undefined {
	const blocks = [...tables.peers.keys()].filter((text) => text.includes("/")).length;
	const setPolicies = [...tables.setPolicies.values()].reduce((sum, { length }) => sum + length, 0);
	const planned = {
		pods: tables.pods.size,
		peerAddresses: tables.peers.size - blocks,
		peerClasses: blocks,
		rules: tables.rules.size,
		names: tables.ruleNames.size,
		hits: tables.ruleNames.size,
		podNames: tables.podNames.size,
		setPolicies,
	};
	for (const name of Object.keys(planned) as (keyof typeof planned)[]) {
		const count = maps[name].count();
		if (count !== planned[name]) return `${name}: ${count} written, ${planned[name]} planned`;
	}
	return undefined;
}
