import test from "ava";
import { BackendFlag, BackendState, Protocol } from "../../src/dataplane/generated/sock_lb.ts";
import { type Layout, layOut, slotsFor } from "../../src/plan/layout.ts";
import type { Endpoint, RowFrontend, ServicePortRow, TrafficPolicy } from "../../src/plan/row.ts";
import { fakeTables } from "../dataplane/fake-tables.ts";
import { bench, clusterIP, GRACE_MS, row } from "./rows.ts";

/** One endpoint of each kind, named for the policies that it serves, in the order of addresses. */
const kinds = {
	none: { forCluster: false, forLocal: false },
	cluster: { forCluster: true, forLocal: false },
	local: { forCluster: false, forLocal: true },
	both: { forCluster: true, forLocal: true },
};
type Kind = keyof typeof kinds;

const endpointOf = (kind: Kind): Endpoint => ({
	address: kind,
	port: 8080,
	state: "active",
	local: true,
	...kinds[kind],
});

const policies: Record<string, readonly Pick<RowFrontend, "internal" | "external">[]> = {
	Cluster: [{ internal: "Cluster", external: "Cluster" }],
	Local: [{ internal: "Local", external: "Local" }],
	"Cluster inside, Local outside": [{ internal: "Cluster", external: "Local" }],
	"Local inside, Cluster outside": [{ internal: "Local", external: "Cluster" }],
	"Cluster and Local of two frontends": [
		{ internal: "Cluster", external: "Cluster" },
		{ internal: "Local", external: "Local" },
	],
	none: [],
};

interface Expected {
	slots: readonly Kind[];
	draining: readonly Kind[];
	Local: readonly Kind[];
	Cluster: readonly Kind[];
}

const parted: Expected = {
	slots: ["local", "both", "cluster"],
	draining: ["none"],
	Local: ["local", "both"],
	Cluster: ["both", "cluster"],
};

const expectations: Record<string, Expected> = {
	Cluster: {
		slots: ["cluster", "both"],
		draining: ["none", "local"],
		Local: [],
		Cluster: ["cluster", "both"],
	},
	Local: { slots: ["local", "both"], draining: ["none", "cluster"], Local: ["local", "both"], Cluster: [] },
	"Cluster inside, Local outside": parted,
	"Local inside, Cluster outside": parted,
	"Cluster and Local of two frontends": parted,
	none: { slots: [], draining: ["none", "cluster", "local", "both"], Local: [], Cluster: [] },
};

function runOf(policy: TrafficPolicy, { layout, first }: { layout: Layout; first: number }): string[] {
	const run = slotsFor(policy, { layout, first });
	if (run.count === 0) return [];
	return layout.endpoints
		.slice(run.first - first, run.first - first + run.count)
		.map(({ address }) => address);
}

for (const [title, frontends] of Object.entries(policies)) {
	test(`under ${title} every kind of endpoint has the place that its policies need`, (t) => {
		const expected = expectations[title];
		const layout = layOut((Object.keys(kinds) as Kind[]).map(endpointOf), frontends);
		t.deepEqual(
			{
				slots: layout.endpoints.map(({ address }) => address),
				draining: layout.draining.map(({ address }) => address),
				Local: runOf("Local", { layout, first: 7 }),
				Cluster: runOf("Cluster", { layout, first: 7 }),
			},
			expected,
		);
	});

	test(`under ${title} each run of slots has just the endpoints for its policy, whichever there are`, (t) => {
		const used = new Set(frontends.flatMap(({ internal, external }) => [internal, external]));
		for (const chosen of listsOf(Object.keys(kinds) as Kind[], 4)) {
			const endpoints = chosen.map((kind, i) => ({ ...endpointOf(kind), address: `${kind} ${i}` }));
			const layout = layOut(endpoints, frontends);
			const addresses = (keep: (endpoint: Endpoint) => boolean) =>
				endpoints
					.filter(keep)
					.map(({ address }) => address)
					.sort();
			const local = addresses(({ forLocal }) => used.has("Local") && forLocal);
			const cluster = addresses(({ forCluster }) => used.has("Cluster") && forCluster);
			t.deepEqual(runOf("Local", { layout, first: 3 }).sort(), local);
			t.deepEqual(runOf("Cluster", { layout, first: 3 }).sort(), cluster);
			t.deepEqual(
				layout.draining.map(({ address }) => address).sort(),
				addresses(({ address }) => !local.includes(address) && !cluster.includes(address)),
			);
			t.is(layout.endpoints.length + layout.draining.length, endpoints.length);
		}
	});
}

/** All lists of up to `length` items, each item any number of times. */
function listsOf<T>(items: readonly T[], length: number): T[][] {
	if (length === 0) return [[]];
	const shorter = listsOf(items, length - 1);
	const longest = shorter.filter((list) => list.length === length - 1);
	return [...shorter, ...longest.flatMap((list) => items.map((item) => [...list, item]))];
}

test("a run of no slots begins at 0, wherever its range lies", (t) => {
	const layout = layOut([endpointOf("cluster")], policies["Cluster inside, Local outside"] ?? []);
	t.deepEqual(slotsFor("Local", { layout, first: 40 }), { first: 0, count: 0 });
	t.deepEqual(slotsFor("Cluster", { layout, first: 40 }), { first: 40, count: 1 });
});

const gone = { forCluster: false, forLocal: false, state: "terminating" } as const;

/** Shop/web, with its second endpoint draining or not. */
function web(second: Partial<Endpoint> | undefined, parts: Partial<ServicePortRow> = {}): ServicePortRow {
	const endpoints = [{ address: "10.0.0.1" }, ...(second ? [{ address: "10.0.0.2", ...second }] : [])];
	const { endpoints: whole, ...rest } = row("web", { at: "10.96.0.1", endpoints });
	return { ...rest, ...parts, endpoints: whole };
}

test("an endpoint that drains has a number and no slot, and gets a slot again under the same number", (t) => {
	const { run, tables } = bench();
	run([web({})]);
	const { reuse } = tables.backends.get(2) ?? {};
	t.deepEqual(run([web(gone)]), ["10.0.0.2:8080"]);
	run([], { nowMs: GRACE_MS });
	t.like(tables.backends.get(2), { address: "10.0.0.2", state: BackendState.TERMINATING, reuse });
	t.deepEqual([...tables.content().slots.values()], [1]);

	run([web({})], { nowMs: GRACE_MS });
	run([], { nowMs: 2 * GRACE_MS });
	t.like(tables.backends.get(2), { address: "10.0.0.2", state: BackendState.ACTIVE, reuse });
	t.deepEqual([...tables.content().slots.values()], [1, 2]);
});

test("an endpoint that drained and goes is retired, and free after the grace period", (t) => {
	const { run, tables } = bench();
	run([web({})]);
	run([web(gone)]);
	run([], { nowMs: GRACE_MS });
	run([web(undefined)], { nowMs: GRACE_MS });
	t.is(tables.backends.get(2)?.state, BackendState.RETIRED);
	run([], { nowMs: 2 * GRACE_MS - 1 });
	t.is(tables.backends.get(2)?.state, BackendState.RETIRED);
	run([], { nowMs: 2 * GRACE_MS });
	t.is(tables.backends.get(2)?.state, BackendState.FREE);
	t.is(tables.backends.get(1)?.state, BackendState.ACTIVE);
});

test("a row of which everything drains refuses new flows, and goes without a trace", (t) => {
	const { run, tables, planner } = bench();
	const draining = row("web", { at: "10.96.0.1", endpoints: [{ address: "10.0.0.1", ...gone }] });
	run([draining]);
	const [frontend] = tables.content().frontends.values();
	t.like(frontend, { internal: { first: 0, count: 0 }, external: { first: 0, count: 0 } });
	t.is(tables.content().backends.size, 1);
	run([], { gone: [draining] });
	run([], { nowMs: GRACE_MS });
	t.is(tables.content().backends.size, 0);
	t.deepEqual(
		planner.use().map(({ used }) => used),
		[0, 0, 0, 0, 0],
	);
});

test("a restart keeps the numbers of endpoints that drain, and writes nothing", (t) => {
	const first = bench();
	first.run([web({})]);
	first.run([web(gone)]);
	first.run([], { nowMs: GRACE_MS });
	const { run, tables } = bench(first.tables.copy());
	run([web(gone)]);
	run([], { nowMs: GRACE_MS });
	run([], { nowMs: 2 * GRACE_MS });
	t.is(tables.writes, 0);
	t.deepEqual(tables.content(), first.tables.content());
});

test("a backend is not retired while a frontend in the kernel still leads there", (t) => {
	const { run, tables } = bench();
	run([web({})]);
	tables.before = ({ table }) => {
		if (table === "svc_frontends") throw new Error("the kernel says no");
	};
	t.deepEqual(run([web(undefined)]), []);
	run([], { nowMs: 2 * GRACE_MS });
	t.is(tables.backends.get(2)?.state, BackendState.ACTIVE);

	const order: string[] = [];
	tables.before = ({ table, id }) => void order.push(`${table} ${id}`);
	t.deepEqual(run([], { nowMs: 3 * GRACE_MS }), ["10.0.0.2:8080"]);
	t.deepEqual(order, ["svc_frontends 10.96.0.1:80/TCP", "svc_backends 2"]);
	t.is(tables.backends.get(2)?.state, BackendState.RETIRED);
});

test("an endpoint is here as long as any row says so", (t) => {
	const { run, tables } = bench();
	const flags = () => tables.backends.get(1)?.flags;
	const of = (name: string, local: boolean) =>
		row(name, { at: name === "a" ? "10.96.0.1" : "10.96.0.2", endpoints: [{ address: "10.0.0.1", local }] });
	run([of("a", false)]);
	t.is(flags(), BackendFlag.ELSEWHERE);
	run([of("b", true)]);
	t.is(flags(), BackendFlag.LOCAL);
	run([of("a", true), of("b", false)]);
	t.is(flags(), BackendFlag.LOCAL);
	run([], { gone: [of("a", true)] });
	t.is(flags(), BackendFlag.ELSEWHERE);
});

/** Shop/web on a NodePort as well, with one endpoint here and one elsewhere. */
function outside(external: TrafficPolicy): ServicePortRow {
	const nodePort = {
		kind: "NodePort",
		address: "0.0.0.0",
		port: 30080,
		internal: "Cluster",
		external,
	} as const;
	return row("web", {
		at: "10.96.0.1",
		frontends: [clusterIP("10.96.0.1"), nodePort],
		endpoints: [{ address: "10.0.0.1", local: true, forLocal: true }, { address: "10.0.0.2" }],
	});
}

test("another traffic policy and back writes the value of its frontend and nothing else", (t) => {
	const { run, tables } = bench();
	run([outside("Cluster")]);
	const before = tables.content();
	const written: string[] = [];
	tables.before = ({ table, id }) => void written.push(`${table} ${id}`);
	t.deepEqual(run([outside("Local")]), []);
	t.deepEqual(written.splice(0), ["svc_frontends 0.0.0.0:30080/TCP"]);
	t.like(tables.content().frontends.get("0.0.0.0:30080/TCP"), {
		internal: { first: 0, count: 2 },
		external: { first: 0, count: 1 },
	});
	t.deepEqual(run([outside("Cluster")]), []);
	t.deepEqual(written, ["svc_frontends 0.0.0.0:30080/TCP"]);
	t.deepEqual(tables.content(), before);
});

test("an SCTP row has frontends and backends of its own beside TCP", (t) => {
	const { run, tables } = bench();
	const endpoints = ["10.0.0.1"];
	run([
		row("web", { at: "10.96.0.1", endpoints }),
		row("web", { at: "10.96.0.1", endpoints, port: "assoc", protocol: "SCTP" }),
	]);
	const { frontends, backends, guards } = tables.content();
	t.deepEqual([...frontends.keys()], ["10.96.0.1:80/TCP", "10.96.0.1:80/SCTP"]);
	t.deepEqual(
		[...backends.values()].map(({ protocol }) => protocol),
		[Protocol.TCP, Protocol.SCTP],
	);
	t.deepEqual(guards, ["10.96.0.1"]);
});

test("a NodePort stands at every address of both families, without a guard, and a restart finds it", (t) => {
	const at = (address: string, endpoint: string) =>
		row("web", {
			at: address,
			endpoints: [{ address: endpoint, local: true, forLocal: true }],
			frontends: [{ kind: "NodePort", address, port: 30080, internal: "Cluster", external: "Local" }],
		});
	const rows = [at("0.0.0.0", "10.0.0.1"), at("::", "fd00::1")];
	const first = bench(fakeTables());
	first.run(rows);
	const content = first.tables.content();
	t.deepEqual([...content.frontends.keys()], ["0.0.0.0:30080/TCP", "[::]:30080/TCP"]);
	t.deepEqual(content.guards, []);
	t.is(content.names.size, 2);

	const { run, tables, planner } = bench(first.tables.copy());
	t.deepEqual(planner.repairs, []);
	run(rows);
	run([], { nowMs: GRACE_MS });
	t.is(tables.writes, 0);
});
