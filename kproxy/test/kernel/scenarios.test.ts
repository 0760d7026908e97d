/** bpf/scenarios against the programs, with the model beside them: see bpf/scenarios/README.md. */
import test from "ava";
import type { Chunk } from "bpf-maps";
import { maps, reasonDocs, variables } from "../../src/dataplane/generated/tc.ts";
import { familiesOf, readScenarios } from "../scenarios/read-scenarios.ts";
import { runScenario } from "../scenarios/run-scenario.ts";
import { createStage } from "../scenarios/stage.ts";

const stage = createStage("scenarios");
test.after.always(() => stage.close());

const scenarios = readScenarios();
const reasons = new Set<string>();
const filled = new Set<string>();

for (const { file, scenario } of scenarios) {
	for (const family of familiesOf(scenario)) {
		test.serial(`${file}, ${family}: ${scenario.title}`, (t) => {
			for (const reason of runScenario(scenario, family, stage)) reasons.add(reason);
			const { maps, policy } = stage.path(scenario.tunables ?? {});
			for (const map of [...Object.values(maps), ...Object.values(policy)])
				if (!isEmpty(map)) filled.add(map.name);
			t.pass();
		});
	}
}

/** Arrays always have entries: those count that are not zero. */
function isEmpty(map: { dense?: boolean; chunks(): Iterable<Chunk> }): boolean {
	for (const { count, values } of map.chunks())
		if (count > 0 && (!map.dense || values.some((byte) => byte !== 0))) return false;
	return true;
}

/** Reasons that no test run can bring about, and why. */
const OUT_OF_REACH: Readonly<Record<string, string>> = {
	TAGGED: "a test run takes no context with a VLAN tag; real traffic does it",
	NOT_TRACKED: "an LRU map gives up an old entry before it refuses a new one",
	LEFT_TO_PACKETS: "socket hooks only",
	NODE_PORT_TAKEN: "socket hooks only",
	UNKNOWN_POD: "all interfaces are known here; kernel/policy/verdicts.test.ts does it",
	FLOW_ALLOWED: "it is noted, not counted; kernel/policy/drops.test.ts does it",
};

test.serial(
	"every reason of a packet hook is given by a scenario, but those that no test run can reach",
	(t) => {
		const missing = Object.keys(reasonDocs).filter((name) => !reasons.has(name) && !(name in OUT_OF_REACH));
		t.deepEqual(missing, []);
		t.deepEqual(
			[...reasons].filter((name) => name in OUT_OF_REACH),
			[],
		);
	},
);

/** Of other hooks, or no decision depends on what is in them. */
const OTHER_MAPS = [
	"svc_names",
	"sock_peers",
	"sock_reverse",
	"random_state",
	"opening",
	"snat_sequence",
	"counters",
	"pod_names",
	"policy_names",
	"set_policies",
	"rule_hits",
	"judging",
	"events",
	"event_heads",
	"peer_classes", // blocks: kernel/policy
];
const OTHER_TUNABLES = ["refuse_with_errno", "host_netns"];

test.serial("every map of the packet path has an entry in a scenario", (t) => {
	t.deepEqual(
		Object.keys(maps).filter((name) => !OTHER_MAPS.includes(name) && !filled.has(name)),
		[],
	);
});

test.serial("every tunable of the packet path is set by a scenario", (t) => {
	const set = new Set(scenarios.flatMap(({ scenario }) => Object.keys(scenario.tunables ?? {})));
	const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
	t.deepEqual(
		Object.keys(variables).filter((name) => !OTHER_TUNABLES.includes(name) && !set.has(camel(name))),
		[],
	);
});
