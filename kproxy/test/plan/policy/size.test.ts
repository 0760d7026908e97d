/** The sizes that are promised, and what a change costs there. */
import test from "ava";
import { createPolicyPlanner } from "../../../src/plan/policy/planner.ts";
import type { PolicyStep } from "../../../src/plan/policy/tables.ts";
import { NODE, namespace, policy, setOf } from "./cluster.ts";
import { CIDRS, LOCAL, largeCluster, PODS, podNumber } from "./large-cluster.ts";

test("1,000 policies, 5,000 pods and 10,000 blocks are planned, and a change costs little", (t) => {
	const objects = largeCluster();
	const planner = createPolicyPlanner({ nodeName: NODE });
	const took = (what: string, change: () => PolicyStep[]): number => {
		const startMs = performance.now();
		const steps = change();
		const ms = performance.now() - startMs;
		t.log(`${what}: ${ms.toFixed(1)} ms, ${steps.length} steps`);
		t.true(steps.length > 0, what);
		return ms;
	};
	t.true(took("the whole plan", () => planner.update(objects.map(setOf), { isLive: false })) < 30_000);
	const { tables } = planner;
	t.log(
		`${tables.pods.size} pods here, ${tables.peers.size} addresses and blocks, ${tables.rules.size} rules, ${tables.setPolicies.size} sets`,
	);
	t.is(tables.pods.size, LOCAL);
	t.is(tables.peers.size, PODS + CIDRS);
	took("once more for warmth", () => planner.update([setOf(podNumber(4021, { app: "app3" }))]));
	const label = took("a label of a pod elsewhere", () =>
		planner.update([setOf(podNumber(4041, { app: "app7" }))]),
	);
	const own = took("a label of a pod here", () => planner.update([setOf(podNumber(40, { app: "app7" }))]));
	const space = took("a label of a namespace", () =>
		planner.update([setOf(namespace("ns3", { team: "t9" }))]),
	);
	const change = took("a policy", () =>
		planner.update([setOf(policy("ns3/n3", { podSelector: {}, ingress: [{}] }))]),
	);
	// Generous: the aim is 50 ms from the change to the kernel.
	for (const ms of [label, own, space, change]) t.true(ms < 1_000);
});
