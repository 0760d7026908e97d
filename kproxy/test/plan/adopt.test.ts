import test from "ava";
import fc from "fast-check";
import { sealFrontend } from "../../src/dataplane/frontend-check.ts";
import {
	Algorithm,
	type Backend,
	BackendFlag,
	BackendState,
	type Frontend,
	type FrontendFlag,
	type FrontendKey,
	Protocol,
	type SlotRange,
} from "../../src/dataplane/generated/sock_lb.ts";
import { readTables } from "../../src/dataplane/tables.ts";
import { adopt } from "../../src/plan/adopt.ts";
import { type FakeTables, fakeTables } from "../dataplane/fake-tables.ts";
import { bench, GRACE_MS, row } from "./rows.ts";

const key = (address: string): FrontendKey => ({
	address,
	port: 80,
	protocol: Protocol.TCP,
});

/** On one range for both scopes, unless told otherwise. */
const frontend = ({ first = 0, count = 0, ...parts }: Partial<Frontend> & Partial<SlotRange>): Frontend => ({
	internal: { first, count },
	external: { first, count },
	service: 1,
	affinityTimeoutS: 0,
	algorithm: Algorithm.RANDOM,
	flags: 0,
	check: 0,
	...parts,
});

const backend = (address: string, parts: Partial<Backend> = {}): Backend => ({
	address,
	port: 8080,
	protocol: Protocol.TCP,
	state: BackendState.ACTIVE,
	reuse: 1,
	flags: BackendFlag.ELSEWHERE,
	...parts,
});

/** Tables as a sound daemon leaves them: shop/web at 10.96.0.1 with two backends. */
function soundTables(): FakeTables {
	const tables = fakeTables();
	bench(tables).run([row("web", { at: "10.96.0.1", endpoints: ["10.0.0.1", "10.0.0.2"] })]);
	tables.writes = 0;
	return tables;
}

const web = row("web", { at: "10.96.0.1", endpoints: ["10.0.0.1", "10.0.0.2"] });

interface DamageCase {
	title: string;
	damage: (tables: FakeTables) => void;
	/** What is said; nothing for what an ordinary kill may leave. */
	repairs: RegExp[];
}

const cases: DamageCase[] = [
	{
		title: "a frontend that points outside the slots",
		damage: (tables) => tables.frontends.setAll([[key("10.96.0.1"), frontend({ first: 255, count: 2 })]]),
		repairs: [/^svc_frontends 10\.96\.0\.1:80\/TCP points at slots 255 to 256, but svc_slots has 256$/],
	},
	{
		title: "a frontend with absurd numbers",
		damage: (tables) =>
			tables.frontends.setAll([
				[key("10.96.0.1"), frontend({ first: 4294967295, count: 4294967295, service: 4294967295 })],
			]),
		repairs: [/has service number 4294967295, which svc_names does not know/],
	},
	{
		title: "a frontend of no Service that points at another one's slots",
		damage: (tables) => tables.frontends.setAll([[key("10.9.9.9"), frontend({ count: 1, service: 9 })]]),
		repairs: [/^svc_frontends 10\.9\.9\.9:80\/TCP has service number 9/],
	},
	{
		title: "a frontend that is right but for its check",
		damage: (tables) => tables.frontends.setAll([[key("10.96.0.1"), frontend({ count: 2, check: 1 })]]),
		repairs: [],
	},
	{
		title: "a slot that names no backend",
		damage: (tables) => tables.slots.setAll([[1, 0]]),
		repairs: [/points at slot 1, whose backend 0 is free/],
	},
	{
		title: "a slot that names a backend beyond the map",
		damage: (tables) => tables.slots.setAll([[1, 4294967295]]),
		repairs: [/points at slot 1, whose backend 4294967295 is free/],
	},
	{
		title: "a backend that has been zeroed",
		damage: (tables) => tables.backends.deleteAll([2]),
		repairs: [/points at slot 1, whose backend 2 is free/],
	},
	{
		title: "a backend of another protocol",
		damage: (tables) => tables.backends.setAll([[2, backend("10.0.0.2", { protocol: Protocol.UDP })]]),
		repairs: [/leads to backend 2, which is UDP/],
	},
	{
		title: "two cells that mean one endpoint, both in use",
		damage: (tables) => tables.backends.setAll([[2, backend("10.0.0.1")]]),
		repairs: [/leads to backend 2, a duplicate/],
	},
	{
		title: "two frontends that overlap",
		damage: (tables) => {
			tables.names.setAll([[2, { namespace: "shop", name: "other", port: "http" }]]);
			tables.frontends.setAll([[key("10.96.0.2"), frontend({ first: 1, count: 2, service: 2 })]]);
			tables.slots.setAll([[2, 1]]);
		},
		repairs: [],
	},
	{
		title: "two rows with one service number",
		damage: (tables) => tables.frontends.setAll([[key("fd00:96::1"), frontend({ count: 0 })]]),
		repairs: [],
	},
	{
		title: "a row caught between two frontends",
		damage: (tables) => {
			tables.frontends.setAll([[key("10.96.0.2"), frontend({ first: 7, count: 1 })]]);
			tables.slots.setAll([[7, 1]]);
		},
		repairs: [],
	},
	{
		title: "a backend in a state that nobody wrote",
		damage: (tables) => tables.backends.setAll([[2, backend("10.0.0.2", { state: 7 as BackendState })]]),
		repairs: [],
	},
	{
		title: "another endpoint in a cell that is in use",
		damage: (tables) => tables.backends.setAll([[2, backend("10.66.6.6")]]),
		repairs: [],
	},
	{
		title: "leftovers in every map, cells 0 too",
		damage: (tables) => {
			tables.slots.setAll([
				[100, 5],
				[101, 6],
				[255, 1],
			]);
			tables.backends.setAll([
				[0, backend("10.6.6.0")],
				[5, backend("10.6.6.5")],
				[127, backend("10.0.0.1")],
			]);
			tables.names.setAll([
				[0, { namespace: "x", name: "zero", port: "" }],
				[63, { namespace: "x", name: "y", port: "" }],
			]);
		},
		repairs: [],
	},
	{
		title: "a frontend that nobody wants",
		damage: (tables) => tables.frontends.setAll([[key("10.96.0.99"), frontend({ count: 2 })]]),
		repairs: [],
	},
];

for (const { title, damage, repairs } of cases) {
	test(`${title}: found at start, repaired, and nothing is left of it`, (t) => {
		const tables = soundTables();
		damage(tables);
		const { run, planner } = bench(tables);
		t.is(planner.repairs.length, repairs.length, planner.repairs.join("\n"));
		repairs.forEach((expected, i) => {
			t.regex(planner.repairs[i] ?? "", expected);
		});
		run([web]);
		run([], { nowMs: GRACE_MS });
		assertOnlyWeb(t, tables);
	});
}

/** Nothing but shop/web, whole, whatever its numbers. */
function assertOnlyWeb(t: { deepEqual(a: unknown, b: unknown): void }, tables: FakeTables): void {
	const { frontends, guards, slots, backends, names, ranges } = tables.content();
	t.deepEqual([[...frontends.keys()], guards], [["10.96.0.1:80/TCP"], ["10.96.0.1"]]);
	const value = [...frontends.values()][0] ?? frontend({});
	t.deepEqual(value, sealFrontend(key("10.96.0.1"), value));
	const { internal, external, service } = value;
	t.deepEqual(external, internal);
	const dialled = [internal.first, internal.first + 1].map((slot) => backends.get(slots.get(slot) ?? 0));
	t.deepEqual(
		[internal.count, ...dialled.map((cell) => `${cell?.address} ${cell?.state}`)],
		[2, "10.0.0.1 1", "10.0.0.2 1"],
	);
	t.deepEqual([slots.size, backends.size, ranges.size], [2, 2, 0]);
	t.deepEqual([...names], [[service, { namespace: "shop", name: "web", port: "http" }]]);
}

test("whatever the maps hold, a start repairs it", (t) => {
	const small = fc.oneof(fc.nat(12), fc.constantFrom(255, 256, 4294967295));
	const range = fc.record({ first: small, count: small });
	const address = fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3", "::", "fd00::1");
	const state = fc.nat(3).map((number) => number as BackendState);
	const protocol = fc.constantFrom<Protocol>(Protocol.TCP, Protocol.UDP);
	const content = fc.record({
		frontends: fc.array(
			fc.tuple(
				fc.constantFrom("10.96.0.1", "10.96.0.2", "fd00:96::1").map(key),
				fc
					.record({
						internal: range,
						external: range,
						flags: fc.nat(7).map((bits) => bits as FrontendFlag),
						service: small,
					})
					.map((parts) => frontend(parts)),
			),
		),
		slots: fc.array(fc.tuple(fc.nat(20), small)),
		backends: fc.array(
			fc.tuple(
				fc.nat(12),
				fc.record({ address, state, protocol }).map(({ address, ...rest }) => backend(address, rest)),
			),
		),
		names: fc.array(
			fc.tuple(
				fc.nat(12),
				fc.record({
					namespace: fc.constant("shop"),
					name: fc.constantFrom("web", "b", ""),
					port: fc.constant("http"),
				}),
			),
		),
	});
	fc.assert(
		fc.property(content, ({ frontends, slots, backends, names }) => {
			const tables = fakeTables();
			tables.frontends.setAll(frontends);
			tables.slots.setAll(slots);
			tables.backends.setAll(backends);
			tables.names.setAll(names.filter(([, { name }]) => name !== ""));
			const { run } = bench(tables);
			run([web]);
			run([], { nowMs: GRACE_MS });
			assertOnlyWeb(t, tables);
			const again = bench(tables.copy());
			t.deepEqual(again.planner.repairs, []);
			again.run([web]);
			again.run([], { nowMs: GRACE_MS });
			t.is(again.tables.writes, 0);
		}),
		{ seed: 20263, numRuns: 1000 },
	);
});

test("sound maps are read back as the rows that were written", (t) => {
	const { rows, leftovers, repairs } = adopt(readTables(soundTables()));
	const [planned] = rows.values();
	t.deepEqual(
		{ id: planned?.id, service: planned?.service, numbers: planned?.range?.numbers, keys: planned?.keys },
		{ id: "shop/web:http/IPv4", service: 1, numbers: [1, 2], keys: ["10.96.0.1:80/TCP"] },
	);
	t.deepEqual(
		{ leftovers, repairs },
		{
			leftovers: { numbers: [], regions: [], services: [], ranges: [], guards: [], spoiltGuards: [] },
			repairs: [],
		},
	);
});
