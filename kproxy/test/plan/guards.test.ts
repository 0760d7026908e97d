import test from "ava";
import { sealFrontend } from "../../src/dataplane/frontend-check.ts";
import { Algorithm, FrontendFlag } from "../../src/dataplane/generated/sock_lb.ts";
import { guardKey } from "../../src/plan/frontends.ts";
import { fakeTables } from "../dataplane/fake-tables.ts";
import { bench, clusterIP, GRACE_MS, row } from "./rows.ts";

const AT = "10.96.0.1";
const http = row("web", { at: AT, endpoints: ["10.0.0.1"] });
const metrics = row("web", {
	at: AT,
	endpoints: [],
	port: "metrics",
	frontends: [clusterIP(AT, { port: 9090 })],
});

test("a ClusterIP has one guard as long as any of its ports is served", (t) => {
	const { run, tables } = bench();
	run([http, metrics]);
	t.deepEqual(tables.content().guards, [AT]);
	run([], { gone: [http] });
	t.deepEqual(tables.content().guards, [AT]);
	run([], { gone: [metrics] });
	t.deepEqual(tables.content().guards, []);
	t.is(tables.content().frontends.size, 0);
});

test("a guard leads nowhere and its check fits", (t) => {
	const { run, tables } = bench();
	run([http]);
	const none = { first: 0, count: 0 };
	const { check: _, ...value } = tables.frontends.get(guardKey(AT)) ?? t.fail();
	t.deepEqual(value, {
		internal: none,
		external: none,
		service: 0,
		affinityTimeoutS: 0,
		algorithm: Algorithm.RANDOM,
		flags: FrontendFlag.PLAIN,
	});
	t.deepEqual(tables.frontends.get(guardKey(AT)), sealFrontend(guardKey(AT), value));
});

test("only ClusterIPs have guards", (t) => {
	const { run, tables } = bench();
	const frontends = [
		clusterIP("192.0.2.1", { kind: "LoadBalancer" }),
		clusterIP("192.0.2.2", { kind: "ExternalIP" }),
		clusterIP("0.0.0.0", { kind: "NodePort", port: 30080 }),
	];
	run([row("web", { at: AT, endpoints: [], frontends })]);
	t.is(tables.content().frontends.size, 3);
	t.deepEqual(tables.content().guards, []);
});

for (const order of ["forward", "backward"] as const) {
	test(`an address that is one Service's ClusterIP and another's external IP keeps its guard for the ClusterIP, rows ${order}`, (t) => {
		const external = row("other", {
			at: AT,
			endpoints: [],
			frontends: [clusterIP(AT, { kind: "ExternalIP", port: 81 })],
		});
		const rows = order === "forward" ? [http, external] : [external, http];
		const first = bench();
		first.run(rows);
		t.deepEqual(first.tables.content().guards, [AT]);
		const second = bench(first.tables.copy());
		second.run(rows);
		t.is(second.tables.writes, 0);
		second.run([], { gone: [http] });
		t.deepEqual(second.tables.content().guards, []);
		t.deepEqual([...second.tables.content().frontends.keys()], ["10.96.0.1:81/TCP"]);
	});
}

test("a frontend that goes from a ClusterIP's Service to one that has it as external IP loses its guard", (t) => {
	const { run, tables } = bench();
	run([http]);
	const frontends = [clusterIP(AT, { kind: "ExternalIP" })];
	run([row("other", { at: AT, endpoints: [], frontends })], { gone: [http] });
	t.deepEqual(tables.content().guards, []);
	t.is(tables.content().frontends.size, 1);
});

test("a restart writes no guard anew, and counts those that it finds", (t) => {
	const first = bench();
	first.run([http, metrics]);
	const { run, tables, planner } = bench(first.tables.copy());
	run([http, metrics]);
	t.is(tables.writes, 0);
	t.like(planner.use()[0], { name: "svc_frontends", used: 3 });
	run([], { gone: [http, metrics] });
	t.deepEqual(tables.content().guards, []);
	t.like(planner.use()[0], { used: 0 });
});

test("a guard that an earlier run left without frontends goes when everything has synced", (t) => {
	const first = bench();
	first.run([http, metrics]);
	const tables = first.tables.copy();
	tables.frontends.deleteAll(
		[...tables.frontends.entries()].map(([key]) => key).filter(({ port }) => port !== 0),
	);
	const { run, planner } = bench(tables);
	t.like(planner.use()[0], { used: 1 });
	run([]);
	t.deepEqual(tables.content().guards, []);
	t.like(planner.use()[0], { used: 0 });
});

test("a guard is written again where it is missing, and where it is not what it should be", (t) => {
	const first = bench();
	first.run([http]);
	const missing = first.tables.copy();
	missing.frontends.deleteAll([guardKey(AT)]);
	bench(missing).run([http]);
	t.deepEqual(missing.content().guards, [AT]);

	const spoilt = first.tables.copy();
	const sound = spoilt.frontends.get(guardKey(AT)) ?? t.fail();
	spoilt.frontends.setAll([[guardKey(AT), { ...sound, service: 7, internal: { first: 0, count: 3 } }]]);
	const { run } = bench(spoilt);
	run([http]);
	t.deepEqual(spoilt.frontends.get(guardKey(AT)), sound);
	run([], { gone: [http] });
	t.deepEqual(spoilt.content().guards, []);
});

test("a guard whose row has been found unsound stays with the address", (t) => {
	const first = bench();
	first.run([http]);
	const tables = first.tables.copy();
	tables.slots.setAll([[0, 77]]);
	const { run, planner } = bench(tables);
	t.is(planner.repairs.length, 1);
	run([http]);
	t.deepEqual(tables.content().guards, [AT]);
	t.like(planner.use()[0], { used: 2 });
	run([], { gone: [http] });
	t.deepEqual(tables.content().guards, []);
	t.like(planner.use()[0], { used: 0 });
});

test("a full map takes a ClusterIP that replaces another one, guard and all", (t) => {
	const { run, tables, planner } = bench(fakeTables({ frontends: 2 }));
	run([http]);
	run([row("web", { at: "10.96.0.2", endpoints: ["10.0.0.1"] })]);
	t.deepEqual(
		planner.problems().filter(({ code }) => code === "MAP_FULL"),
		[],
	);
	t.deepEqual(
		[[...tables.content().frontends.keys()], tables.content().guards],
		[["10.96.0.2:80/TCP"], ["10.96.0.2"]],
	);
});

test("a row that did not fit comes in with the very plan that makes room, in whatever order rows come", (t) => {
	const { run, tables, planner } = bench(fakeTables({ frontends: 4 }));
	const more = [
		clusterIP(AT),
		clusterIP("192.0.2.1", { kind: "ExternalIP" }),
		clusterIP("192.0.2.2", { kind: "ExternalIP" }),
	];
	run([row("web", { at: AT, endpoints: ["10.0.0.1"], frontends: more })]);
	run([row("late", { at: "10.96.0.2", endpoints: [] }), http]);
	t.deepEqual(
		planner.problems().filter(({ code }) => code === "MAP_FULL"),
		[],
	);
	t.deepEqual([...tables.content().frontends.keys()].sort(), ["10.96.0.1:80/TCP", "10.96.0.2:80/TCP"]);
	run([], { nowMs: GRACE_MS });
	t.like(planner.use()[0], { used: 4 });
});
