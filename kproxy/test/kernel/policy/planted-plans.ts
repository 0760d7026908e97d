/** Bugs to plant in what plans and writes policy. */
import type { PlantedBug } from "../plant-bug.ts";

const SYNC = "dataplane/policy-sync.ts";
const ENTRIES = "dataplane/policy-entries.ts";
const PLANNER = "plan/policy/planner.ts";
const BLOCKS = "plan/policy/blocks.ts";

/** Of kproxy/src. `seed`: of a bug that shows in one of some hundred clusters, where to look for it. */
export const PLAN_BUGS: readonly (PlantedBug & { seed?: number })[] = [
	{
		title: "blocks of IPv4 are written one bit too wide",
		file: ENTRIES,
		from: "96 + bits",
		to: "95 + bits",
	},
	{
		title: "all ports of a protocol are all protocols",
		file: ENTRIES,
		from: "(protocol === 0 ? 0 : PROTOCOL_BITS + portBits)",
		to: "(portBits === 0 ? 0 : PROTOCOL_BITS + portBits)",
	},
	{
		title: "pods point at rules that are not written yet",
		file: SYNC,
		from: "\twriteRules(maps, step);\n\twritePeers(maps, step, place);\n",
		to: "\twritePods(maps, step.pods, place);\n\twriteRules(maps, step);\n\twritePeers(maps, step, place);\n",
	},
	{
		title: "rules go before pods have others",
		file: SYNC,
		from: "\twriteRules(maps, step);\n",
		to: "\tmaps.rules.deleteAll(step.leftRules.map(policyKey));\n\twriteRules(maps, step);\n",
	},
	{
		title: "a new generation begins with the pods",
		file: SYNC,
		from: "\twritePeers(maps, tables, place);\n",
		to: "\twritePods(maps, tables.pods, place);\n\twritePeers(maps, tables, place);\n",
	},
	{
		title: "a new generation keeps pods that have gone",
		file: SYNC,
		from: "\tmaps.pods.deleteAll(gone);\n",
		to: "",
	},
	{
		title: "rules of what has ended stay",
		file: SYNC,
		from: "\tmaps.rules.deleteAll(leftRules.map(policyKey));\n",
		to: "",
	},
	{
		title: "peers of older generations stay",
		file: SYNC,
		from: "\tdeleteWhere(maps.peerClasses, (key) => key.generation !== generation);\n",
		to: "",
	},
	{
		title: "a daemon that starts gives out numbers that mean something already",
		file: PLANNER,
		from: "(before?.lastSet ?? 0) + 1",
		to: "1",
	},
	{
		title: "a pod whose labels change is another one at once",
		file: PLANNER,
		from: 'add(change.kind === "Pod" ? localPods.join : peers.join);',
		to: "",
		seed: 240,
	},
	{
		title: "labels of a namespace count for pods that come later",
		file: PLANNER,
		from: "for (const key of podsOf.with(name)) peers.setPod(key, pods.get(key), labels ?? NO_LABELS);",
		to: "",
	},
	{
		title: "what other pods call their ports is asked once",
		file: PLANNER,
		from: "!changed.has(key) && names.some(portNames.changed)",
		to: "!changed.has(key) && names.length < 0",
		seed: 270,
	},
	{
		title: "exceptions of blocks do not count",
		file: BLOCKS,
		from: "within(block) && !except.some(within)",
		to: "within(block)",
	},
	{
		title: "blocks of IPv6 are of IPv4, too",
		file: BLOCKS,
		from: "hasIPv4Within(block) ?",
		to: "hasIPv4Within(block) && !block ?",
	},
	{
		title: "NotIn needs the label",
		file: "model/policy/selector.ts",
		from: 'return isAmong === (operator === "In");',
		to: 'return value !== undefined && isAmong === (operator === "In");',
	},
	{
		title: "the last port of a range does not count",
		file: "plan/policy/port-prefixes.ts",
		from: "for (let port = first; port <= last; )",
		to: "for (let port = first; port < Math.max(last, first + 1); )",
	},
	{
		title: "the first of several policies is the only one",
		file: "plan/policy/local-pods.ts",
		from: "rules: sorted.flatMap(",
		to: "rules: sorted.slice(0, 1).flatMap(",
	},
];
