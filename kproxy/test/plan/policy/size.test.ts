/** The sizes that are promised, and what a change costs there. */
import test from "ava";
import type { ApiObject } from "../../../src/model/objects.ts";
import { createPolicyPlanner } from "../../../src/plan/policy/planner.ts";
import type { PolicyStep } from "../../../src/plan/policy/tables.ts";
import { NODE, namespace, pod, policy, setOf } from "./cluster.ts";

const PODS = 5_000;
const LOCAL = 250;
const POLICIES = 1_000;
const NAMESPACES = 50;
const APPS = 200;
const CIDRS = 10_000;

const podNumber = (number: number, labels: Record<string, string> = {}): ApiObject =>
	pod(`ns${number % NAMESPACES}/p${number}`, {
		labels: { app: `app${number % APPS}`, ...labels },
		ips: [`10.${128 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`],
		node: number < LOCAL ? NODE : "node-b",
		ports: [{ name: "http", containerPort: 8080 }],
	});

/** Pods of an app may be reached by two others, on some ports. */
const policyNumber = (number: number): ApiObject =>
	policy(`ns${number % NAMESPACES}/n${number}`, {
		podSelector: { matchLabels: { app: `app${number % APPS}` } },
		ingress: [
			{
				from: [{ podSelector: { matchLabels: { app: `app${(number + 50) % APPS}` } } }],
				ports: [{ port: 80 + (number % 7) }],
			},
			{
				from: [{ namespaceSelector: { matchLabels: { team: `t${number % 10}` } } }],
				ports: [{ port: "http" }, { port: 9000, endPort: 9100 }],
			},
		],
	});

test("1,000 policies, 5,000 pods and 10,000 blocks are planned, and a change costs little", (t) => {
	const blocks = Array.from({ length: CIDRS }, (_, number) => ({
		ipBlock: { cidr: `172.${16 + (number >> 8)}.${number & 255}.0/24` },
	}));
	const objects = [
		...Array.from({ length: NAMESPACES }, (_, number) =>
			namespace(`ns${number}`, { team: `t${number % 10}` }),
		),
		...Array.from({ length: PODS }, (_, number) => podNumber(number)),
		...Array.from({ length: POLICIES }, (_, number) => policyNumber(number)),
		policy("ns0/blocks", { podSelector: {}, egress: [{ to: blocks, ports: [{ port: 443 }] }] }),
	];
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
