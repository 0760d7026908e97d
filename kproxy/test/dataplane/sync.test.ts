import test from "ava";
import {
	Algorithm,
	type Backend,
	BackendFlag,
	BackendState,
	type Frontend,
	type FrontendKey,
	Protocol,
} from "../../src/dataplane/generated/sock_lb.ts";
import { createSync } from "../../src/dataplane/sync.ts";
import { type Desired, frontendText } from "../../src/dataplane/tables.ts";
import { guardOf } from "../../src/plan/frontends.ts";
import { type FakeTables, fakeTables } from "./fake-tables.ts";

function backend(number: number, parts: Partial<Backend> = {}): Backend {
	return {
		address: `10.0.0.${number}`,
		port: 80,
		protocol: Protocol.TCP,
		state: BackendState.ACTIVE,
		reuse: 1,
		flags: BackendFlag.ELSEWHERE,
		...parts,
	};
}

function frontend(parts: Partial<Frontend>): Frontend {
	const range = { first: 0, count: 1 };
	const value = { internal: range, external: range, service: 1, affinityTimeoutS: 0 };
	return { ...value, algorithm: Algorithm.RANDOM, flags: 0, check: 0, ...parts };
}

/** A desired state that touches nothing. */
function emptyDesired(): Desired {
	return { frontends: new Map(), slots: new Map(), backends: new Map(), names: new Map(), ranges: new Map() };
}

/** One frontend 10.96.0.`n` for each `n`, with slot, backend and service number `n`. */
function services(...numbers: readonly number[]): Desired {
	const desired = emptyDesired();
	for (const n of numbers) {
		const key: FrontendKey = {
			address: `10.96.0.${n}`,
			port: 80,
			protocol: Protocol.TCP,
		};
		const range = { first: n, count: 1 };
		const value = frontend({ internal: range, external: range, service: n });
		desired.frontends.set(frontendText(key), { key, value });
		desired.slots.set(n, n);
		desired.backends.set(n, backend(n));
		desired.names.set(n, { namespace: "shop", name: `s${n}`, port: "" });
	}
	return desired;
}

/** What takes those away again. */
function nothing(desired: Desired): Desired {
	const gone = emptyDesired();
	for (const [text, { key }] of desired.frontends) gone.frontends.set(text, { key, value: undefined });
	for (const slot of desired.slots.keys()) gone.slots.set(slot, 0);
	for (const [number, cell] of desired.backends)
		gone.backends.set(number, { ...cell, state: BackendState.FREE });
	for (const number of desired.names.keys()) gone.names.set(number, undefined);
	return gone;
}

function recordOrder(tables: FakeTables): string[] {
	const order: string[] = [];
	tables.before = ({ table, deletes }) => {
		const step = `${table}${deletes ? " delete" : ""}`;
		if (order.at(-1) !== step) order.push(step);
	};
	return order;
}

test("what is new is written from the backends up, and what is gone is deleted from the frontends down", (t) => {
	const tables = fakeTables();
	const sync = createSync(tables);
	sync.apply(services(1, 2));
	const order = recordOrder(tables);
	const desired = services(3, 4);
	const gone = nothing(services(1, 2));
	for (const map of ["frontends", "slots", "backends", "names"] as const) {
		for (const [id, value] of gone[map]) (desired[map] as Map<unknown, unknown>).set(id, value);
	}
	sync.apply(desired);
	t.deepEqual(order, [
		"svc_backends",
		"svc_slots",
		"svc_names",
		"svc_frontends",
		"svc_frontends delete",
		"svc_backends",
		"svc_slots",
		"svc_names delete",
	]);
	t.deepEqual([...tables.content().frontends.keys()], ["10.96.0.3:80/TCP", "10.96.0.4:80/TCP"]);
});

test("only what differs is written", (t) => {
	const tables = fakeTables();
	const sync = createSync(tables);
	t.deepEqual(sync.apply(services(1, 2)), {
		frontendsWritten: 2,
		frontendsDeleted: 0,
		cellsWritten: 6,
		pending: 0,
	});
	tables.writes = 0;
	t.is(sync.apply(services(1, 2)).frontendsWritten, 0);
	t.is(tables.writes, 0);
	const changed = services(1);
	changed.backends.set(1, backend(1, { state: BackendState.TERMINATING }));
	t.is(sync.apply(changed).cellsWritten, 1);
	t.is(tables.writes, 1);
	t.is(createSync(tables).apply(changed).cellsWritten, 0);
});

interface FailureCase {
	title: string;
	/** Which single writes fail. */
	fails: (write: { table: string; id: number | string }) => boolean;
	/** Frontends in the kernel after the first apply. */
	served: string[];
	/** Objects with a problem. */
	problems: string[];
}

const failures: FailureCase[] = [
	{
		title: "one backend",
		fails: ({ table, id }) => table === "svc_backends" && id === 2,
		served: ["10.96.0.1:80/TCP", "10.96.0.3:80/TCP"],
		problems: ["map svc_backends", "Service shop/s2"],
	},
	{
		title: "one slot",
		fails: ({ table, id }) => table === "svc_slots" && id === 3,
		served: ["10.96.0.1:80/TCP", "10.96.0.2:80/TCP"],
		problems: ["map svc_slots", "Service shop/s3"],
	},
	{
		title: "one name",
		fails: ({ table, id }) => table === "svc_names" && id === 1,
		served: ["10.96.0.2:80/TCP", "10.96.0.3:80/TCP"],
		problems: ["map svc_names", "Service shop/s1"],
	},
	{
		title: "one frontend",
		fails: ({ table, id }) => table === "svc_frontends" && id === "10.96.0.2:80/TCP",
		served: ["10.96.0.1:80/TCP", "10.96.0.3:80/TCP"],
		problems: ["map svc_frontends", "Service shop/s2"],
	},
	{
		title: "every write",
		fails: () => true,
		served: [],
		problems: [
			"map svc_backends",
			"map svc_slots",
			"map svc_names",
			"Service shop/s1",
			"Service shop/s2",
			"Service shop/s3",
		],
	},
];

for (const { title, fails, served, problems } of failures) {
	test(`where ${title} cannot be written the others are, and the next apply mends it`, (t) => {
		const tables = fakeTables();
		const sync = createSync(tables);
		tables.before = (write) => {
			if (fails(write)) throw new Error("the kernel says no");
		};
		t.true(sync.apply(services(1, 2, 3)).pending > 0);
		t.deepEqual([...tables.content().frontends.keys()].sort(), served);
		t.deepEqual(
			sync
				.problems()
				.map(({ object }) => object)
				.sort(),
			[...problems].sort(),
		);
		t.true(sync.problems().some(({ message }) => message.includes("the kernel says no")));

		tables.before = () => {};
		t.is(sync.apply(emptyDesired()).pending, 0);
		t.is(tables.content().frontends.size, 3);
		t.deepEqual(sync.problems(), []);
	});
}

test("a map that refuses everything is not asked once for each of many entries", (t) => {
	const tables = fakeTables({ backends: 128, slots: 256 });
	const sync = createSync(tables);
	let asked = 0;
	tables.before = () => {
		asked += 1;
		throw new Error("the kernel says no");
	};
	sync.apply(services(...Array.from({ length: 50 }, (_, i) => i + 1)));
	t.true(asked < 200, `${asked} attempts`);
});

test("a newer wish replaces one that could not be written", (t) => {
	const tables = fakeTables();
	const sync = createSync(tables);
	tables.before = ({ table }) => {
		if (table === "svc_frontends") throw new Error("the kernel says no");
	};
	sync.apply(services(1));
	tables.before = () => {};
	sync.apply(nothing(services(1)));
	t.deepEqual(tables.content().frontends.size, 0);
	t.is(tables.content().backends.size, 0);
	t.deepEqual(sync.problems(), []);
});

test("a frontend that cannot be deleted is a problem of its Service and is tried again", (t) => {
	const tables = fakeTables();
	const sync = createSync(tables);
	sync.apply(services(1));
	tables.before = ({ deletes }) => {
		if (deletes) throw new Error("the kernel says no");
	};
	const gone = emptyDesired();
	gone.frontends = nothing(services(1)).frontends;
	t.is(sync.apply(gone).pending, 1);
	t.regex(
		sync.problems()[1]?.message ?? "",
		/^Service shop\/s1: frontend 10\.96\.0\.1:80\/TCP could not be deleted/,
	);
	t.not(sync.frontendAt("10.96.0.1:80/TCP"), undefined);
	tables.before = () => {};
	t.is(sync.apply(emptyDesired()).frontendsDeleted, 1);
	t.is(sync.frontendAt("10.96.0.1:80/TCP"), undefined);
});

test("guards count as cells, not as frontends, also where a write fails", (t) => {
	const tables = fakeTables();
	const sync = createSync(tables);
	const { key, value } = guardOf("10.96.0.1");
	const desired = services(1);
	desired.frontends.set(frontendText(key), { key, value });
	t.like(sync.apply(desired), { frontendsWritten: 1, cellsWritten: 4, pending: 0 });

	const gone = emptyDesired();
	gone.frontends.set(frontendText(key), { key, value: undefined });
	tables.before = () => {
		throw new Error("the kernel says no");
	};
	t.like(sync.apply(gone), { frontendsDeleted: 0, cellsWritten: 0, pending: 1 });
	tables.before = () => {};
	t.like(sync.apply(emptyDesired()), { frontendsDeleted: 0, cellsWritten: 1, pending: 0 });
});
