/** NetworkPolicy from batches into maps in memory: when it is written, what stays, what a start takes over. */
import test from "ava";
import { MapError } from "bpf-loader";
import { type MapTable, memoryTable } from "bpf-maps";
import type { PodTies } from "../../src/dataplane/devices/tie-pods.ts";
import { PodInterface, PolicyFlag, maps as shapes } from "../../src/dataplane/generated/tc.ts";
import type { PolicyMaps } from "../../src/dataplane/policy-maps.ts";
import type { ApiObject } from "../../src/model/objects.ts";
import { createPolicyPipeline, endPolicy, type PolicyPipeline } from "../../src/policy-pipeline.ts";
import { gone, NODE, namespace, pod, policy, setOf } from "../plan/policy/cluster.ts";

const GRACE_MS = 100;
const SETTINGS = { unknownAllowed: false, recheck: false, noteFlows: false };
const WEB = "10.244.0.2";
const DB = "10.244.0.3";
/** Interfaces of the two, and one that nothing is known of. */
const [WEB_IF, DB_IF, OTHER_IF] = [12, 13, 14];

const web = pod("shop/web", { labels: { app: "web" }, ips: [WEB] });
const db = pod("shop/db", { labels: { app: "db" }, ips: [DB] });
const onlyWeb = policy("shop/db", {
	podSelector: { matchLabels: { app: "db" } },
	policyTypes: ["Ingress"],
	ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }], ports: [{ port: 5432 }] }],
});
const CLUSTER = [namespace("shop"), web, db, onlyWeb];
/** More rules than a map of eight has room for. */
const tooMany = policy("shop/many", {
	podSelector: {},
	policyTypes: ["Ingress"],
	ingress: [{ ports: [1, 3, 5, 7, 9].map((port) => ({ port })) }],
});

const noMemory = () =>
	new MapError("no memory", {
		code: "MAP_NO_MEMORY",
		operation: "update",
		object: "map policy_rules",
		map: "policy_rules",
	});

function memoryMaps(limits: { rules?: number; peerAddresses?: number } = {}): PolicyMaps {
	const hash = <K, V>(shape: Parameters<typeof memoryTable<K, V>>[0], maxEntries = 64): MapTable<K, V> =>
		memoryTable({ ...shape, kind: "hash", maxEntries });
	return {
		state: memoryTable({ ...shapes.policy_state, kind: "array" }),
		pods: hash(shapes.pods),
		interfaces: hash(shapes.pod_interfaces),
		ownAddresses: hash(shapes.own_addresses),
		peerAddresses: hash(shapes.peer_addresses, limits.peerAddresses),
		podNames: hash(shapes.pod_names),
		peerClasses: hash(shapes.peer_classes),
		rules: hash(shapes.policy_rules, limits.rules),
		names: hash(shapes.policy_names),
		hits: hash(shapes.rule_hits),
		setPolicies: hash(shapes.set_policies),
	};
}

const TIES: PodTies = {
	ties: new Map([
		[WEB, { pod: "shop/web", ifindex: WEB_IF, way: "peer" }],
		[DB, { pod: "shop/db", ifindex: DB_IF, way: "peer" }],
	]),
	untied: [],
	interfaces: [
		{ ifindex: WEB_IF, name: "veth1", known: true },
		{ ifindex: DB_IF, name: "veth2", known: true },
		{ ifindex: OTHER_IF, name: "veth3", known: false },
	],
};

function start(maps: PolicyMaps, settings = SETTINGS): PolicyPipeline {
	const pipeline: PolicyPipeline = createPolicyPipeline({
		maps,
		nodeName: NODE,
		settings,
		onPods: () => void pipeline.setTies(TIES),
		graceMs: GRACE_MS,
	});
	return pipeline;
}

const batch = (objects: readonly ApiObject[], synced = true) => ({ changes: objects.map(setOf), synced });
const NOTHING = { changes: [], synced: false };

test("Nothing is written before everything has synced", (t) => {
	const maps = memoryMaps();
	const pipeline = start(maps);
	pipeline.pass(batch(CLUSTER, false), 0);
	t.is(maps.pods.count(), 0);
	t.is(maps.state.get(0)?.flags, PolicyFlag.OFF);
	const report = pipeline.pass(batch([]), 1);
	t.true(report.whole);
	t.deepEqual(report.problems, []);
	t.is(maps.pods.get(DB)?.ifindex, DB_IF);
	t.is(maps.pods.get(DB)?.flags, PodFlagIngress);
	t.is(maps.pods.get(WEB)?.policySet, 0);
	t.is(maps.state.get(0)?.flags, PolicyFlag.ENFORCED);
	t.deepEqual(pipeline.counts(), { policies: 1, pods: 2, localPods: 2, rules: 1 });
});

const PodFlagIngress = 2;

test("A change is written step by step, and what it leaves goes after a while", (t) => {
	const maps = memoryMaps();
	const pipeline = start(maps);
	pipeline.pass(batch(CLUSTER), 0);
	pipeline.pass(NOTHING, GRACE_MS);
	const epoch = maps.state.get(0)?.epoch ?? 0;
	const report = pipeline.pass({ changes: [gone(onlyWeb)], synced: true }, 1000);
	t.false(report.whole);
	t.true(report.steps > 0);
	t.is(maps.pods.get(DB)?.policySet, 0);
	t.true((maps.state.get(0)?.epoch ?? 0) > epoch);
	t.true(maps.rules.count() > 0, "a program may be at work with it");
	t.is(pipeline.nextDueMs(), 1000 + GRACE_MS);
	pipeline.pass(NOTHING, 1000 + GRACE_MS);
	t.is(maps.rules.count(), 0);
	t.is(maps.names.count(), 0);
	t.is(maps.setPolicies.count(), 0);
	t.is(pipeline.nextDueMs(), undefined);
});

test("A start goes on from what is enforced: other sets, the same rules, and the old ones go later", (t) => {
	const maps = memoryMaps();
	start(maps).pass(batch(CLUSTER), 0);
	const before = maps.pods.get(DB);
	const [rule = 0] = [...maps.names.keys()];
	maps.hits.set(rule, 7n);

	const next = start(maps);
	next.setTies(TIES);
	next.pass(batch(CLUSTER, false), 0);
	t.deepEqual(maps.pods.get(DB), before);
	next.pass(batch([]), 10);
	const now = maps.pods.get(DB);
	t.true((now?.policySet ?? 0) > (before?.policySet ?? 0));
	t.is(now?.generation, (before?.generation ?? 0) + 1);
	t.deepEqual([...maps.names.keys()], [rule]);
	t.is(maps.hits.get(rule), 7n);
	t.is(maps.rules.count(), 2, "of both");
	next.pass(NOTHING, 10 + GRACE_MS);
	t.deepEqual(
		[...maps.rules.keys()].map(({ policySet }) => policySet),
		[now?.policySet],
	);
	t.true([...maps.peerAddresses.keys()].every(({ generation }) => generation === now?.generation));
});

test("What vanished while no daemon ran is gone after a start", (t) => {
	const maps = memoryMaps();
	start(maps).pass(batch(CLUSTER), 0);
	const next = start(maps);
	next.pass(batch([namespace("shop"), web]), 0);
	t.is(maps.pods.get(DB), undefined);
	next.pass(NOTHING, GRACE_MS);
	t.is(maps.podNames.get(DB), undefined);
	t.deepEqual(
		[maps.names.count(), maps.hits.count(), maps.rules.count(), maps.setPolicies.count()],
		[0, 0, 0, 0],
	);
});

test("What does not fit is refused before it is written, with names and numbers, and what was enforced stays", (t) => {
	const maps = memoryMaps({ rules: 8 });
	const pipeline = start(maps);
	pipeline.pass(batch(CLUSTER), 0);
	const before = [maps.pods.get(DB), maps.rules.count(), maps.state.get(0)];
	const { problems, steps } = pipeline.pass(batch([tooMany]), 1);
	t.is(steps, 0);
	t.is(problems.length, 1);
	t.like(problems[0], { code: "MAP_FULL", map: { name: "policy_rules", limit: 4 } });
	t.regex(
		problems[0]?.message ?? "",
		/need \d+ entries in policy_rules, which has room for 4; most are of shop\/many \(\d+\)/,
	);
	t.deepEqual([maps.pods.get(DB), maps.rules.count(), maps.state.get(0)], before);
	const mended = pipeline.pass({ changes: [gone(tooMany)], synced: true }, 2);
	t.true(mended.whole);
	t.deepEqual(mended.problems, []);
	pipeline.pass(NOTHING, 2 + GRACE_MS);
	t.is(maps.rules.count(), 1);
});

test("While policy does not fit nothing is due, whatever waits to be deleted", (t) => {
	const maps = memoryMaps({ rules: 8 });
	const pipeline = start(maps);
	pipeline.pass(batch(CLUSTER), 0);
	pipeline.pass(NOTHING, GRACE_MS);
	pipeline.pass({ changes: [gone(onlyWeb)], synced: true }, 1000);
	t.is(pipeline.nextDueMs(), 1000 + GRACE_MS);
	pipeline.pass(batch([tooMany]), 1001);
	t.is(pipeline.nextDueMs(), undefined, "a pass would do nothing about it, and another would be due at once");
});

test("What cannot be deleted is a failure that the next pass mends", (t) => {
	const maps = memoryMaps();
	const pipeline = start(maps);
	pipeline.pass(batch(CLUSTER), 0);
	pipeline.pass(NOTHING, GRACE_MS);
	pipeline.pass({ changes: [gone(onlyWeb)], synced: true }, 1000);
	const { deleteAll } = maps.rules;
	maps.rules.deleteAll = () => {
		throw noMemory();
	};
	const { failed, problems } = pipeline.pass(NOTHING, 1000 + GRACE_MS);
	t.true(failed);
	t.regex(problems[0]?.message ?? "", /no memory/);
	t.is(pipeline.nextDueMs(), undefined);
	maps.rules.deleteAll = deleteAll;
	t.false(pipeline.pass(NOTHING, 2000).failed);
	pipeline.pass(NOTHING, 2000 + GRACE_MS);
	t.is(maps.rules.count(), 0);
});

test("What failed writes leave does not take the room of the next one", (t) => {
	const maps = memoryMaps({ peerAddresses: 6 });
	const { setAll } = maps.pods;
	maps.pods.setAll = () => {
		throw noMemory();
	};
	const pipeline = start(maps);
	for (const nowMs of [0, 1000, 2000]) t.true(pipeline.pass(batch(nowMs === 0 ? CLUSTER : []), nowMs).failed);
	maps.pods.setAll = setAll;
	const { failed, problems } = pipeline.pass(NOTHING, 3000);
	t.deepEqual([failed, problems], [false, []]);
	t.is(maps.pods.get(DB)?.flags, PodFlagIngress);
});

test("A map that is nearly full is said before it is", (t) => {
	const maps = memoryMaps({ rules: 10 });
	const pipeline = start(maps);
	t.deepEqual(pipeline.pass(batch(CLUSTER), 0).problems, []);
	const five = policy("shop/many", {
		podSelector: { matchLabels: { app: "db" } },
		policyTypes: ["Ingress"],
		ingress: [{ ports: [1, 3, 5, 7].map((port) => ({ port })) }],
	});
	const { problems } = pipeline.pass(batch([five]), 1);
	t.like(problems[0], { code: "MAP_NEARLY_FULL", map: { name: "policy_rules", used: 5, limit: 5 } });
});

test("What could not be written is written anew, whole", (t) => {
	const maps = memoryMaps();
	const { setAll } = maps.rules;
	let refused = true;
	maps.rules.setAll = (entries) => {
		if (refused) throw noMemory();
		setAll.call(maps.rules, entries);
	};
	const pipeline = start(maps);
	const { failed, problems } = pipeline.pass(batch(CLUSTER), 0);
	t.true(failed);
	t.regex(problems[0]?.message ?? "", /no memory; what is in the kernel goes on being enforced/);
	t.is(maps.pods.get(DB), undefined);
	t.is(maps.state.get(0)?.flags, PolicyFlag.OFF);
	t.is(pipeline.nextDueMs(), undefined, "the pipeline around it tries again");
	refused = false;
	t.false(pipeline.pass(NOTHING, 1000).failed);
	t.is(maps.pods.get(DB)?.flags, PodFlagIngress);
	t.is(maps.state.get(0)?.flags, PolicyFlag.ENFORCED);
});

test("What has ended while nothing could be written is gone some time after it could", (t) => {
	const maps = memoryMaps({ peerAddresses: 4 });
	const pipeline = start(maps);
	pipeline.pass(batch(CLUSTER), 0);
	const far = pod("shop/far", { ips: ["10.244.9.9"], node: "node-b" });
	const other = pod("shop/web", { labels: { app: "other" }, ips: [WEB] });
	t.is(pipeline.pass(batch([far, other]), 1).problems.length, 1, "three addresses do not fit");
	t.true(pipeline.pass({ changes: [gone(far)], synced: true }, 2).whole);
	t.is(pipeline.counts().rules, 0);
	t.is(maps.rules.count(), 1, "a program may be at work with it");
	pipeline.pass(NOTHING, 2 + GRACE_MS);
	t.is(maps.rules.count(), 0);
});

test("Interfaces are known, unknown or contested, and unknown until pods are known", (t) => {
	const maps = memoryMaps();
	const pipeline = start(maps);
	pipeline.setTies(TIES);
	t.is(maps.interfaces.get(WEB_IF), PodInterface.UNKNOWN);
	pipeline.pass(batch(CLUSTER), 0);
	t.is(maps.interfaces.get(WEB_IF), PodInterface.KNOWN);
	t.is(maps.interfaces.get(OTHER_IF), PodInterface.UNKNOWN);
	pipeline.setTies({
		ties: new Map([[WEB, { pod: "shop/web", ifindex: OTHER_IF, way: "peer" }]]),
		untied: [{ pod: "shop/db", address: DB, reason: "contested", claimedBy: [DB_IF, OTHER_IF], message: "" }],
		interfaces: [
			{ ifindex: DB_IF, name: "veth2", known: false },
			{ ifindex: OTHER_IF, name: "veth3", known: true },
		],
	});
	t.is(maps.interfaces.get(WEB_IF), undefined);
	t.is(maps.interfaces.get(DB_IF), PodInterface.CONTESTED);
	t.is(maps.interfaces.get(OTHER_IF), PodInterface.KNOWN);
	t.is(maps.pods.get(WEB)?.ifindex, OTHER_IF, "it has moved");
	t.is(maps.pods.get(DB), undefined, "it is behind none");
});

test("A start before the pods are known leaves what is known of their interfaces", (t) => {
	const maps = memoryMaps();
	start(maps).pass(batch(CLUSTER), 0);
	const next = start(maps);
	next.setTies({
		...TIES,
		ties: new Map(),
		interfaces: TIES.interfaces.map((each) => ({ ...each, known: false })),
	});
	t.is(maps.interfaces.get(DB_IF), PodInterface.KNOWN);
	t.is(maps.pods.get(DB)?.ifindex, DB_IF);
});

test("The operator's choices are in the state that the programs read", (t) => {
	const maps = memoryMaps();
	start(maps, { unknownAllowed: true, recheck: true, noteFlows: true }).pass(batch(CLUSTER), 0);
	const { ENFORCED, UNKNOWN_ALLOWED, RECHECKED, FLOWS_NOTED } = PolicyFlag;
	t.is(maps.state.get(0)?.flags as number, ENFORCED | UNKNOWN_ALLOWED | RECHECKED | FLOWS_NOTED);
});

test("Where policy begins, and only there, connections from before have some time to show themselves", (t) => {
	const maps = memoryMaps();
	const began = process.hrtime.bigint();
	start(maps).pass(batch(CLUSTER), 0);
	const until = maps.state.get(0)?.adoptUntilNs ?? 0n;
	t.true(until >= began + 300_000_000_000n && until < process.hrtime.bigint() + 301_000_000_000n);
	start(maps).pass(batch(CLUSTER), 0);
	t.is(maps.state.get(0)?.adoptUntilNs, until, "a restart");
	start(maps, { ...SETTINGS, recheck: true }).pass(batch(CLUSTER), 0);
	t.is(maps.state.get(0)?.adoptUntilNs, 0n, "recheck ends it");
	endPolicy(maps);
	start(maps, { ...SETTINGS, recheck: true }).pass(batch(CLUSTER), 0);
	t.is(maps.state.get(0)?.adoptUntilNs, 0n, "with recheck they are judged at once");
});

test("Ending policy leaves nothing but what it has counted up to", (t) => {
	const maps = memoryMaps();
	start(maps).pass(batch(CLUSTER), 0);
	t.true(endPolicy(maps));
	t.is(maps.state.get(0)?.flags, PolicyFlag.OFF);
	for (const table of [maps.pods, maps.rules, maps.peerAddresses, maps.names, maps.hits])
		t.is(table.count(), 0);
	t.false(endPolicy(maps));
});
