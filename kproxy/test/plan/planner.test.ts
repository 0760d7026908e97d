import test from "ava";
import { BackendState } from "../../src/dataplane/generated/sock_lb.ts";
import { fakeTables } from "../dataplane/fake-tables.ts";
import { bench, clusterIP, GRACE_MS, row } from "./rows.ts";

const only = <T>(items: Iterable<T>): T => {
	const [item, ...others] = items;
	if (item === undefined || others.length > 0) throw new Error(`expected one, found ${others.length + 1}`);
	return item;
};

const range = (first: number, count: number) => ({ first, count });

test("an unchanged backend set keeps its range; a changed one gets a fresh one and the old one rests", (t) => {
	const { run, tables } = bench();
	run([row("web", { at: "10.96.0.1", endpoints: ["10.0.0.1", "10.0.0.2"] })]);
	const first = only(tables.content().frontends.values());
	t.deepEqual([first.internal, first.external], [range(0, 2), range(0, 2)]);

	run([row("web", { at: "10.96.0.1", endpoints: ["10.0.0.1", "10.0.0.2"], affinityTimeoutS: 30 })]);
	const second = only(tables.content().frontends.values());
	t.deepEqual([second.internal, second.external, second.affinityTimeoutS], [range(0, 2), range(0, 2), 30]);

	run([row("web", { at: "10.96.0.1", endpoints: ["10.0.0.1"] })], { nowMs: 10 });
	const third = only(tables.content().frontends.values());
	t.deepEqual([third.internal, third.external, third.service], [range(2, 1), range(2, 1), first.service]);
	t.deepEqual(
		[...tables.content().slots],
		[
			[0, 1],
			[1, 2],
			[2, 1],
		],
	);

	run([], { nowMs: GRACE_MS + 9 });
	t.is(tables.content().slots.size, 3);
	run([], { nowMs: GRACE_MS + 10 });
	t.deepEqual([...tables.content().slots], [[2, 1]]);
	t.deepEqual([...tables.content().backends.keys()], [1]);
});

test("a number that goes to another endpoint has a larger reuse counter, also after a restart", (t) => {
	const first = bench();
	const web = row("web", { at: "10.96.0.1", endpoints: ["10.0.0.1"] });
	first.run([web]);
	t.is(first.tables.backends.get(1)?.reuse, 1);
	first.run([], { gone: [web] });
	first.run([], { nowMs: GRACE_MS });
	t.is(first.tables.backends.get(1)?.state, BackendState.FREE);
	t.is(first.tables.backends.get(1)?.reuse, 1);

	const second = bench(first.tables.copy());
	second.run([row("web", { at: "10.96.0.1", endpoints: ["10.0.0.2"] })]);
	const { address, reuse } = second.tables.backends.get(1) ?? {};
	t.deepEqual([address, reuse], ["10.0.0.2", 2]);
});

test("an endpoint that comes back within the grace period keeps its number and counter", (t) => {
	const { run, tables } = bench();
	const web = row("web", { at: "10.96.0.1", endpoints: ["10.0.0.1"] });
	run([web]);
	t.deepEqual(run([], { gone: [web] }), ["10.0.0.1:8080"]);
	run([row("other", { at: "10.96.0.2", endpoints: ["10.0.0.1"] })], { nowMs: GRACE_MS / 2 });
	run([], { nowMs: GRACE_MS });
	t.deepEqual(
		[...tables.content().backends.values()].map(({ reuse }) => reuse),
		[1],
	);
});

test("a backend that two Services share goes only with the second, and is reported then", (t) => {
	const { run } = bench();
	const a = row("a", { at: "10.96.0.1", endpoints: ["10.0.0.1"] });
	const b = row("b", { at: "10.96.0.2", endpoints: ["10.0.0.1", "10.0.0.2"] });
	run([a, b]);
	t.deepEqual(run([], { gone: [a] }), []);
	t.deepEqual(run([row("b", { at: "10.96.0.2", endpoints: ["10.0.0.2"] })]), ["10.0.0.1:8080"]);
});

test("frontends of one row share its range, and are swapped together", (t) => {
	const { run, tables } = bench();
	const frontends = [
		clusterIP("10.96.0.1"),
		{ ...clusterIP("192.0.2.1"), kind: "LoadBalancer" },
		{ ...clusterIP("0.0.0.0"), kind: "NodePort", port: 30080 },
	] as const;
	run([row("web", { at: "10.96.0.1", endpoints: ["10.0.0.1"], frontends })]);
	t.deepEqual(
		[...tables.content().frontends.keys()],
		["10.96.0.1:80/TCP", "192.0.2.1:80/TCP", "0.0.0.0:30080/TCP"],
	);
	for (const { internal, external } of tables.content().frontends.values()) {
		t.deepEqual([internal, external], [range(0, 1), range(0, 1)]);
	}
	t.is(tables.content().slots.size, 1);
});

test("a frontend whose write fails keeps its old range however long it takes, and nothing is reported as removed", (t) => {
	const { run, tables, sync } = bench();
	const web = row("web", { at: "10.96.0.1", endpoints: ["10.0.0.1"] });
	run([web]);
	tables.before = ({ table }) => {
		if (table === "svc_frontends") throw new Error("the kernel says no");
	};
	const changed = row("web", { at: "10.96.0.1", endpoints: ["10.0.0.2"] });
	t.deepEqual(run([changed]), []);
	for (const nowMs of [1, 2, 3].map((times) => times * GRACE_MS)) t.deepEqual(run([], { nowMs }), []);
	t.is(tables.slots.get(0), 1);
	t.is(tables.backends.get(1)?.address, "10.0.0.1");
	t.deepEqual(
		sync.problems().map(({ object }) => object),
		["map svc_frontends", "Service shop/web"],
	);

	tables.before = () => {};
	t.deepEqual(run([], { nowMs: 4 * GRACE_MS }), ["10.0.0.1:8080"]);
	t.deepEqual(sync.problems(), []);
	run([], { nowMs: 5 * GRACE_MS });
	t.deepEqual([...tables.content().slots], [[1, 2]]);
});

test("a frontend that may or may not have been written keeps both ranges until it is known", (t) => {
	const { run, tables } = bench();
	run([row("web", { at: "10.96.0.1", endpoints: ["10.0.0.1"] })]);
	let broken = true;
	const { get } = tables.frontends;
	tables.frontends.get = (key) => {
		if (broken) throw new Error("cannot be read");
		return get(key);
	};
	// The write lands and then says that it failed.
	tables.after = () => {};
	const { setAll } = tables.frontends;
	tables.frontends.setAll = (entries) => {
		setAll(entries);
		if (broken) throw new Error("interrupted");
	};
	t.deepEqual(run([row("web", { at: "10.96.0.1", endpoints: ["10.0.0.2"] })]), []);
	t.deepEqual(run([row("web", { at: "10.96.0.1", endpoints: ["10.0.0.3"] })], { nowMs: 1 }), []);
	run([], { nowMs: 10 * GRACE_MS });
	t.is(tables.content().slots.size, 3);
	broken = false;
	t.deepEqual(run([], { nowMs: 11 * GRACE_MS }).sort(), ["10.0.0.1:8080", "10.0.0.2:8080"]);
	run([], { nowMs: 12 * GRACE_MS });
	t.is(tables.content().slots.size, 1);
});

interface FullCase {
	map: string;
	limits: Parameters<typeof fakeTables>[0];
	/** Row that does not fit beside `web`, which has two endpoints. */
	misfit: ReturnType<typeof row>;
	message: RegExp;
}

const fullCases: FullCase[] = [
	{
		map: "svc_frontends",
		limits: { frontends: 2 },
		misfit: row("big", { at: "10.96.0.9", endpoints: ["10.0.0.1"] }),
		message: /needs 2 more entries in svc_frontends, which holds 2 of 2; its old state goes on serving$/,
	},
	{
		map: "svc_slots",
		limits: { slots: 4 },
		misfit: row("big", { at: "10.96.0.9", endpoints: ["10.0.0.1", "10.0.0.2", "10.0.0.3"] }),
		message: /needs 3 more entries in svc_slots, which holds 2 of 4, 2 of them free in one run/,
	},
	{
		map: "svc_backends",
		limits: { backends: 4 },
		misfit: row("big", { at: "10.96.0.9", endpoints: ["10.0.0.8", "10.0.0.9"] }),
		message: /needs 2 more entries in svc_backends, which holds 2 of 3/,
	},
	{
		map: "svc_names",
		limits: { names: 2 },
		misfit: row("big", { at: "10.96.0.9", endpoints: ["10.0.0.1"] }),
		message: /needs 1 more entries in svc_names, which holds 1 of 1/,
	},
];

for (const { map, limits, misfit, message } of fullCases) {
	test(`a row that does not fit into ${map} is a problem with use and limit, and comes in when there is room`, (t) => {
		const { run, planner, tables } = bench(fakeTables(limits));
		const web = row("web", { at: "10.96.0.1", endpoints: ["10.0.0.1", "10.0.0.2"] });
		run([web, misfit]);
		t.deepEqual([...tables.content().frontends.keys()], ["10.96.0.1:80/TCP"]);
		const problem = only(planner.problems().filter(({ code }) => code === "MAP_FULL"));
		t.is(problem.object, "Service shop/big");
		t.regex(problem.message, message);
		t.is(problem.map?.name, map);

		run([], { gone: [web], nowMs: 1 });
		run([], { nowMs: 1 + GRACE_MS });
		t.deepEqual([...tables.content().frontends.keys()], ["10.96.0.9:80/TCP"]);
		t.deepEqual(
			planner.problems().filter(({ code }) => code === "MAP_FULL"),
			[],
		);
	});
}

test("a Service that no longer fits goes on serving its old state while others change", (t) => {
	const { run, tables, planner } = bench(fakeTables({ slots: 5 }));
	run([
		row("web", { at: "10.96.0.1", endpoints: ["10.0.0.1", "10.0.0.2"] }),
		row("b", { at: "10.96.0.2", endpoints: ["10.0.0.1"] }),
	]);
	run([
		row("web", { at: "10.96.0.1", endpoints: ["10.0.0.1", "10.0.0.2", "10.0.0.3"] }),
		row("b", { at: "10.96.0.2", endpoints: ["10.0.0.2"] }),
	]);
	const [web, b] = tables.content().frontends.values();
	t.is(web?.internal.count, 2);
	t.is(tables.slots.get(b?.internal.first ?? 0), 2);
	t.is(planner.problems()[0]?.object, "Service shop/web");
	// The range that b gave up leaves room for three in a row.
	run([], { nowMs: GRACE_MS });
	run([], { gone: [row("b", { at: "10.96.0.2", endpoints: [] })], nowMs: GRACE_MS });
	run([], { nowMs: 2 * GRACE_MS });
	t.is(tables.content().frontends.get("10.96.0.1:80/TCP")?.internal.count, 3);
	t.deepEqual(
		planner.problems().filter(({ code }) => code === "MAP_FULL"),
		[],
	);
});

test("a full frontend map takes new frontends as old ones go, without a failed write", (t) => {
	const { run, tables, sync } = bench(fakeTables({ frontends: 4 }));
	const old = [
		row("a", { at: "10.96.0.1", endpoints: ["10.0.0.1"] }),
		row("b", { at: "10.96.0.2", endpoints: ["10.0.0.1"] }),
	];
	run(old);
	let refused = 0;
	const { setAll } = tables.frontends;
	tables.frontends.setAll = (entries) => {
		try {
			setAll(entries);
		} catch (error) {
			refused += 1;
			throw error;
		}
	};
	run(
		[
			row("c", { at: "10.96.0.3", endpoints: ["10.0.0.1"] }),
			row("d", { at: "10.96.0.4", endpoints: ["10.0.0.1"] }),
		],
		{ gone: old },
	);
	t.deepEqual([...tables.content().frontends.keys()], ["10.96.0.3:80/TCP", "10.96.0.4:80/TCP"]);
	t.is(refused, 0);
	t.deepEqual(sync.problems(), []);
});

test("maps that are nearly full are named before anything fails", (t) => {
	const { run, planner } = bench(fakeTables({ slots: 10 }));
	run([
		row("web", { at: "10.96.0.1", endpoints: ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"] }),
	]);
	t.deepEqual(planner.problems(), []);
	run([row("b", { at: "10.96.0.2", endpoints: ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"] })]);
	t.deepEqual(
		planner.problems().map(({ message }) => message),
		["map svc_slots holds 9 of 10 entries; what does not fit will not be served"],
	);
});
