/** bpf/scenarios against the programs, with the model beside them: see bpf/scenarios/README.md. */
import test from "ava";
import { maps, reasonDocs, variables } from "../../src/dataplane/generated/tc.ts";
import { familiesOf, readScenarios } from "../scenarios/read-scenarios.ts";
import { runScenario } from "../scenarios/run-scenario.ts";
import { createStage } from "../scenarios/stage.ts";

const stage = createStage("scenarios");
test.after.always(() => stage.close());

const scenarios = readScenarios();
const reasons = new Set<string>();

for (const { file, scenario } of scenarios) {
	for (const family of familiesOf(scenario)) {
		test.serial(`${file}, ${family}: ${scenario.title}`, (t) => {
			for (const reason of runScenario(scenario, family, stage)) reasons.add(reason);
			t.pass();
		});
	}
}

/** Reasons that no test run can bring about, and why. */
const OUT_OF_REACH: Readonly<Record<string, string>> = {
	TAGGED: "a test run takes no context with a VLAN tag; real traffic does it",
	NOT_TRACKED: "an LRU map gives up an old entry before it refuses a new one",
	LEFT_TO_PACKETS: "socket hooks only",
	NODE_PORT_TAKEN: "socket hooks only",
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

test.serial("every map of the packet path matters to a scenario, and every tunable is set by one", (t) => {
	const used = new Set(Object.keys(stage.path({}).maps));
	const elsewhere = ["svc_names", "sock_peers", "sock_reverse", "random_state", "opening"];
	const names: Record<string, string> = {
		svc_frontends: "frontends",
		svc_slots: "slots",
		svc_backends: "backends",
		svc_ranges: "ranges",
		svc_affinity: "affinity",
		conntrack: "targets",
		conntrack_reply: "replies",
		node_addresses: "nodeAddresses",
	};
	const missing = Object.keys(maps).filter(
		(name) => !elsewhere.includes(name) && !used.has(names[name] ?? name),
	);
	t.deepEqual(missing, []);
	const set = new Set(scenarios.flatMap(({ scenario }) => Object.keys(scenario.tunables ?? {})));
	const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
	const socketHooks = ["refuse_with_errno", "host_netns"];
	t.deepEqual(
		Object.keys(variables).filter((name) => !socketHooks.includes(name) && !set.has(camel(name))),
		[],
	);
});
