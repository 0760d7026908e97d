import test from "ava";
import { FrontendFlag, Protocol } from "../../src/dataplane/generated/sock_lb.ts";
import { rangeKey } from "../../src/dataplane/source-ranges.ts";
import type { ServicePortRow } from "../../src/plan/row.ts";
import { fakeTables } from "../dataplane/fake-tables.ts";
import { bench, changes, clusterIP, GRACE_MS, row } from "./rows.ts";

const LB = "192.0.2.1";

/** A row with a load balancer's address that these may dial. */
function ranged(sourceRanges: readonly string[], parts: Partial<ServicePortRow> = {}) {
	const frontends = [clusterIP("10.96.0.1"), clusterIP(LB, { kind: "LoadBalancer" })];
	return row("web", { at: "10.96.0.1", frontends, sourceRanges, ...parts, endpoints: ["10.0.0.1"] });
}

const texts = (tables: ReturnType<typeof fakeTables>) => [...tables.content().ranges.keys()].sort();
const full = ({ planner }: ReturnType<typeof bench>) =>
	planner.problems().filter(({ code }) => code === "MAP_FULL");
const flagsAt = (tables: ReturnType<typeof fakeTables>, text: string) =>
	tables.content().frontends.get(text)?.flags;

const cidrs: { title: string; sourceRanges: string[]; kept: string[] }[] = [
	{ title: "an IPv4 range", sourceRanges: ["10.0.0.0/8"], kept: ["1 10.0.0.0/104"] },
	{ title: "all of IPv4", sourceRanges: ["0.0.0.0/0"], kept: ["1 0.0.0.0/96"] },
	{ title: "one address", sourceRanges: ["192.0.2.7/32"], kept: ["1 192.0.2.7/128"] },
	{ title: "host bits", sourceRanges: ["10.1.2.3/8"], kept: ["1 10.0.0.0/104"] },
	{
		title: "one range in three spellings",
		sourceRanges: ["10.1.2.3/8", "10.0.0.0/8", "10.9.9.9/8"],
		kept: ["1 10.0.0.0/104"],
	},
	{ title: "an IPv6 range", sourceRanges: ["fd00:1::/32"], kept: ["1 fd00:1::/32"] },
	{ title: "all of IPv6", sourceRanges: ["::/0"], kept: ["1 ::/0"] },
	{ title: "IPv6 host bits", sourceRanges: ["fd00:1::5/31"], kept: ["1 fd00::/31"] },
	{
		title: "ranges in one another",
		sourceRanges: ["10.0.0.0/8", "10.1.0.0/16"],
		kept: ["1 10.0.0.0/104", "1 10.1.0.0/112"],
	},
];

for (const { title, sourceRanges, kept } of cidrs) {
	test(`source ranges: ${title} stands in svc_ranges once, a restart writes nothing, and it goes with the row`, (t) => {
		const first = bench();
		first.run([ranged(sourceRanges)]);
		t.deepEqual(texts(first.tables), kept);
		t.is(first.planner.use()[4]?.used, kept.length);
		const second = bench(first.tables.copy());
		t.is(second.planner.use()[4]?.used, kept.length);
		second.run([ranged(sourceRanges)]);
		second.run([], { nowMs: GRACE_MS });
		t.is(second.tables.writes, 0);
		t.is(second.planner.use()[4]?.used, kept.length);
		second.run([], { gone: [ranged(sourceRanges)] });
		t.deepEqual(texts(second.tables), []);
		t.is(second.planner.use()[4]?.used, 0);
	});
}

test("only load-balancer addresses are for source ranges, and NODE_ALLOWED says that the node is in them", (t) => {
	const { run, tables } = bench();
	run([ranged(["10.0.0.0/8"])]);
	t.is(flagsAt(tables, "10.96.0.1:80/TCP"), FrontendFlag.PLAIN);
	t.is(flagsAt(tables, `${LB}:80/TCP`), FrontendFlag.SOURCE_RANGES);
	run([ranged(["10.0.0.0/8"], { nodeInSourceRanges: true })]);
	t.is(
		flagsAt(tables, `${LB}:80/TCP`),
		(FrontendFlag.SOURCE_RANGES | FrontendFlag.NODE_ALLOWED) as FrontendFlag,
	);
	run([ranged([], { nodeInSourceRanges: true })]);
	t.is(flagsAt(tables, `${LB}:80/TCP`), FrontendFlag.PLAIN);
	t.deepEqual(texts(tables), []);
});

/** Throws in `after` where a frontend wants ranges and has none. */
function watchRanges(tables: ReturnType<typeof fakeTables>) {
	tables.after = () => {
		const { frontends, ranges } = tables.content();
		const ranged = new Set([...ranges.keys()].map((text) => Number(text.split(" ")[0])));
		for (const [text, { flags, service }] of frontends) {
			if ((flags & FrontendFlag.SOURCE_RANGES) !== 0 && !ranged.has(service))
				throw new Error(`${text} has no ranges`);
		}
	};
}

test("ranges come before the frontend that needs them, are replaced before the old ones go, and go after it", (t) => {
	const { run, tables } = bench();
	watchRanges(tables);
	for (const sourceRanges of [
		["10.0.0.0/8"],
		["10.1.0.0/16"],
		[],
		["fd00::/8"],
		["10.0.0.0/8", "10.1.0.0/16"],
	]) {
		run([ranged(sourceRanges)]);
		t.is(texts(tables).length, sourceRanges.length);
	}
	run([], { gone: [ranged([])] });
	t.deepEqual(tables.faults, []);
});

test("where the frontend that needs ranges cannot be written they stay, and go when it can", (t) => {
	const { run, tables, sync } = bench();
	watchRanges(tables);
	run([ranged(["10.0.0.0/8"])]);
	tables.before = ({ table }) => {
		if (table === "svc_frontends") throw new Error("the kernel says no");
	};
	run([ranged([])]);
	t.deepEqual(texts(tables), ["1 10.0.0.0/104"]);
	run([], { gone: [ranged([])] });
	t.deepEqual(texts(tables), ["1 10.0.0.0/104"]);
	tables.before = () => {};
	run([]);
	t.deepEqual(texts(tables), []);
	t.deepEqual([tables.faults, sync.problems()], [[], []]);
});

test("a row whose ranges do not fit keeps its old ones and is a problem, until there is room", (t) => {
	const at = bench(fakeTables({ ranges: 3 }));
	watchRanges(at.tables);
	at.run([ranged(["10.0.0.0/8"])]);
	const other = row("other", {
		at: "10.96.0.2",
		endpoints: [],
		frontends: [clusterIP("192.0.2.9", { kind: "LoadBalancer" })],
		sourceRanges: ["10.2.0.0/16"],
	});
	at.run([other]);
	at.run([ranged(["10.1.0.0/16", "10.3.0.0/16"])]);
	t.deepEqual(texts(at.tables), ["1 10.0.0.0/104", "2 10.2.0.0/112"]);
	t.regex(
		full(at)[0]?.message ?? "",
		/needs 2 more entries in svc_ranges, which holds 2 of 3; its old state/,
	);
	at.run([], { gone: [other] });
	t.deepEqual(texts(at.tables), ["1 10.1.0.0/112", "1 10.3.0.0/112"]);
	t.deepEqual([full(at), at.tables.faults, at.sync.problems()], [[], [], []]);
});

test("ranges of a row that goes make room in the same plan, without a failed write", (t) => {
	const at = bench(fakeTables({ ranges: 1 }));
	at.run([ranged(["10.0.0.0/8"])]);
	const other = row("other", {
		at: "10.96.0.2",
		endpoints: [],
		frontends: [clusterIP("192.0.2.9", { kind: "LoadBalancer" })],
		sourceRanges: ["10.2.0.0/16"],
	});
	const { setAll } = at.tables.ranges;
	let refused = 0;
	at.tables.ranges.setAll = (entries) => {
		try {
			setAll(entries);
		} catch (error) {
			refused += 1;
			throw error;
		}
	};
	at.run([other], { gone: [ranged([])] });
	t.deepEqual(texts(at.tables), ["2 10.2.0.0/112"]);
	t.deepEqual([...at.tables.content().frontends.keys()], ["192.0.2.9:80/TCP"]);
	t.deepEqual([refused, full(at), at.sync.problems()], [0, [], []]);
});

test("ranges of nobody, of number 0 too, go when everything has synced, and the count stays right", (t) => {
	const tables = fakeTables();
	bench(tables).run([ranged(["10.0.0.0/8"])]);
	const none = { first: 0, count: 0 };
	const value = {
		internal: none,
		external: none,
		service: 0,
		affinityTimeoutS: 0,
		algorithm: 0,
		flags: 0,
		check: 0,
	} as const;
	tables.frontends.setAll(
		["192.0.2.8", "192.0.2.9"].map((address) => [{ address, port: 1, protocol: Protocol.TCP }, value]),
	);
	tables.ranges.setAll([
		[rangeKey(0, "10.0.0.0/8"), 1],
		[rangeKey(9, "fd00::/8"), 1],
		// Nobody writes such a key: fewer bits than the service number has.
		[{ service: 1, address: "::", prefixLength: 8 }, 1],
	]);
	const { run, planner } = bench(tables);
	t.is(planner.use()[4]?.used, 4);
	run([ranged(["10.0.0.0/8"])]);
	t.deepEqual(texts(tables), ["1 10.0.0.0/104"]);
	t.is(planner.use()[4]?.used, 1);
});

test("before everything has synced a load balancer's address that may be gone keeps its ranges", (t) => {
	const first = bench();
	first.run([ranged(["10.0.0.0/8"])]);
	const tables = first.tables.copy();
	watchRanges(tables);
	const { planner, sync, run } = bench(tables);
	const plain = row("web", { at: "10.96.0.1", endpoints: ["10.0.0.1"] });
	sync.apply(planner.plan({ rows: changes([plain]), synced: false, nowMs: 0 }).desired);
	t.is(tables.content().frontends.size, 2);
	t.deepEqual(texts(tables), ["1 10.0.0.0/104"]);
	run([]);
	t.deepEqual([texts(tables), [...tables.content().frontends.keys()]], [[], ["10.96.0.1:80/TCP"]]);
	t.is(planner.use()[4]?.used, 0);
	t.deepEqual(tables.faults, []);
});
