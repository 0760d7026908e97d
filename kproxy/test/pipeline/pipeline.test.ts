import test from "ava";
import { describeTables } from "../../src/dataplane/service-view.ts";
import { createPipeline, type PipelineOptions, type Report } from "../../src/pipeline.ts";
import type { PolicyPipeline } from "../../src/policy-pipeline.ts";
import type { Batch, Change } from "../../src/watch/source.ts";
import { type FakeTables, fakeTables } from "../dataplane/fake-tables.ts";
import { come, go, port, service, slice } from "../model/objects.ts";
import { type ManualClock, manualClock, settled } from "./manual-clock.ts";

const GRACE_MS = 1000;

/** A pipeline that runs on a watch fed by the test. */
function running(options: Partial<PipelineOptions> = {}) {
	const tables = (options.tables as FakeTables | undefined) ?? fakeTables();
	const clock = manualClock();
	const reports: Report[] = [];
	const onReport = (report: Report) => void reports.push(report);
	const pipeline = createPipeline({ tables, clock, graceMs: GRACE_MS, retryMs: 100, onReport, ...options });
	const stop = new AbortController();
	const watch = feed(stop.signal);
	const done = pipeline.run(watch.batches, stop.signal);
	done.catch(() => {});
	const send = async (...changes: Change[]) => {
		watch.push({ changes, synced: true });
		await settled();
	};
	return { tables, clock, reports, pipeline, stop, done, send, watch };
}

/** Batches as they are pushed, until the signal aborts. */
function feed(signal: AbortSignal) {
	const waiting: Batch[] = [];
	let wake = () => {};
	signal.addEventListener("abort", () => wake());
	async function* batches(): AsyncGenerator<Batch> {
		while (!signal.aborted) {
			const batch = waiting.shift();
			if (batch) yield batch;
			else {
				await new Promise<void>((resolve) => {
					wake = resolve;
				});
			}
		}
	}
	return {
		batches: batches(),
		push(batch: Batch) {
			waiting.push(batch);
			wake();
		},
	};
}

const web = service("web");
const two = slice("web-1", { of: "web", endpoints: ["10.0.0.1", "10.0.0.2"], triggerTimeMs: 5000 });
const one = slice("web-1", { of: "web", endpoints: ["10.0.0.1"], triggerTimeMs: 6000 });
const addressesOf = (backends: Report["backendsAdded"]) => backends.map(({ address }) => address);

test("a report says what came, what was written and how full the maps are", async (t) => {
	const { reports, send, stop, done } = running();
	await send(...come(web, two));
	const [report] = reports;
	t.like(report, { changes: 2, synced: true, frontendsWritten: 1, frontendsDeleted: 0, pending: 0 });
	t.deepEqual(addressesOf(report?.backendsAdded ?? []), ["10.0.0.1", "10.0.0.2"]);
	t.deepEqual(report?.triggerTimesMs, [5000]);
	t.deepEqual(report?.problems, []);
	t.deepEqual(
		report?.use.map(({ name, used }) => `${name} ${used}`),
		["svc_frontends 2", "svc_slots 2", "svc_backends 2", "svc_names 1", "svc_ranges 0"],
	);
	stop.abort();
	await done;
});

test("a removed backend is reported when no frontend leads to it, and freed after the grace period without a change", async (t) => {
	const { reports, send, tables, clock } = running();
	await send(...come(web, two));
	await send(...come(one));
	t.deepEqual(addressesOf(reports[1]?.backendsRemoved ?? []), ["10.0.0.2"]);
	t.is(tables.content().backends.size, 2);
	await clock.advance(GRACE_MS - 1);
	t.is(reports.length, 2);
	await clock.advance(1);
	t.is(reports.length, 3);
	t.is(reports[2]?.changes, 0);
	t.deepEqual(
		[...tables.content().backends.values()].map(({ address }) => address),
		["10.0.0.1"],
	);
	await clock.advance(100 * GRACE_MS);
	t.is(reports.length, 3, "and then nothing is due");
});

test("failed writes are tried again, after longer and longer waits, and latency counts only when they land", async (t) => {
	const { reports, send, tables, clock } = running();
	tables.before = () => {
		throw new Error("the kernel says no");
	};
	await send(...come(web, two));
	t.true((reports[0]?.pending ?? 0) > 0);
	t.deepEqual(reports[0]?.triggerTimesMs, []);
	t.true(reports[0]?.problems.some(({ object }) => object === "Service shop/web"));
	const attempts = [100, 200, 400, 800, 1600, 3000, 3000];
	for (const [i, waitMs] of attempts.entries()) {
		await clock.advance(waitMs - 1);
		t.is(reports.length, i + 1);
		await clock.advance(1);
		t.is(reports.length, i + 2);
	}
	tables.before = () => {};
	await clock.advance(3000);
	const last = reports.at(-1);
	t.like(last, { pending: 0, triggerTimesMs: [5000], problems: [] });
	t.is(describeTables(tables)[0]?.backends.length, 2);
});

test("stopping writes nothing, also when something is due", async (t) => {
	const { send, tables, clock, stop, done } = running();
	await send(...come(web, two));
	await send(...come(one));
	const { writes } = tables;
	stop.abort();
	await done;
	await clock.advance(100 * GRACE_MS);
	t.is(tables.writes, writes);
	t.is(describeTables(tables).length, 1);
});

test("a batch that comes with the stop is not applied", async (t) => {
	const { tables, stop, done, watch } = running();
	watch.push({ changes: come(web, two), synced: true });
	stop.abort();
	await done;
	t.is(tables.writes, 0);
});

test("what a listener throws ends the run, in a pass of the watch and in one of the timer", async (t) => {
	for (const failAt of [1, 2]) {
		let passes = 0;
		const onReport = () => {
			passes += 1;
			if (passes === failAt) throw new Error("listener");
		};
		const { send, clock, done, watch } = running({ onReport });
		watch.push({ changes: come(web, two), synced: true });
		await settled();
		if (failAt === 2) {
			watch.push({ changes: [], synced: true });
			await settled();
		}
		await clock.advance(GRACE_MS);
		await t.throwsAsync(done, { message: "listener" });
		await send();
	}
	const clock: ManualClock = manualClock();
	const failing = running({
		clock,
		onReport({ changes }) {
			if (changes === 0) throw new Error("in the timer");
		},
	});
	await failing.send(...come(web, two));
	await failing.send(...go(web));
	await clock.advance(GRACE_MS);
	await t.throwsAsync(failing.done, { message: "in the timer" });
});

test("an error of the watch ends the run", async (t) => {
	const pipeline = createPipeline({ tables: fakeTables(), onReport() {} });
	async function* watch(): AsyncGenerator<Batch> {
		yield { changes: come(web), synced: true };
		throw new Error("no such kubeconfig");
	}
	await t.throwsAsync(pipeline.run(watch(), new AbortController().signal), { message: "no such kubeconfig" });
});

test("before everything has synced nothing is deleted, and after it everything that is gone is", async (t) => {
	const tables = fakeTables();
	createPipeline({ tables, onReport() {} }).pass({
		changes: come(web, two, service("old", { clusterIPs: ["10.96.0.7"] })),
		synced: true,
	});
	const { reports, watch, pipeline } = running({ tables: tables.copy() });
	watch.push({ changes: come(web, one), synced: false });
	await settled();
	t.like(reports[0], { synced: false, frontendsDeleted: 0, backendsRemoved: [] });
	t.deepEqual(
		pipeline.held().map(({ name, backends }) => [name, backends.length]),
		[
			["old", 0],
			["web", 2],
		],
	);
	watch.push({ changes: [], synced: true });
	await settled();
	t.like(reports[1], { synced: true, frontendsDeleted: 1 });
	t.deepEqual(addressesOf(reports[1]?.backendsRemoved ?? []), ["10.0.0.2"]);
	t.deepEqual(pipeline.held(), pipeline.wanted().map(numbered(tables)));
});

/** What is wanted has no backend numbers; those of the kernel are found by address. */
function numbered(tables: FakeTables) {
	const numbers = new Map([...tables.content().backends].map(([number, { address }]) => [address, number]));
	return (view: ReturnType<typeof describeTables>[number]) => ({
		...view,
		backends: view.backends.map((backend) => ({ ...backend, number: numbers.get(backend.address) })),
	});
}

test("repairs are told in the first report only", (t) => {
	const tables = fakeTables();
	createPipeline({ tables, onReport() {} }).pass({ changes: come(web, two), synced: true });
	tables.slots.setAll([[0, 99]]);
	const pipeline = createPipeline({ tables, onReport() {} });
	t.is(pipeline.pass({ changes: come(web, two), synced: true }).repairs.length, 1);
	t.deepEqual(pipeline.pass({ changes: [], synced: true }).repairs, []);
});

test("bad objects have problems and the others serve", (t) => {
	const tables = fakeTables({ slots: 4 });
	const pipeline = createPipeline({ tables, onReport() {} });
	const { problems } = pipeline.pass({
		changes: come(
			service("nonsense", { clusterIPs: ["10.96.0.300"] }),
			service("sctp", { clusterIPs: ["10.96.0.3"], ports: [port({ protocol: "SCTP" })] }),
			service("thief"),
			service("big", { clusterIPs: ["10.96.0.4"] }),
			slice("big-1", { of: "big", endpoints: ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"] }),
			slice("web-0", { of: "web", endpoints: ["not an address"] }),
			service("web", { clusterIPs: ["10.96.0.5"] }),
			two,
			service("shop", { clusterIPs: ["10.96.0.1"] }),
		),
		synced: true,
	});
	t.deepEqual(problems.map(({ object, code }) => `${object} ${code}`).sort(), [
		"EndpointSlice shop/web-0 BAD_OBJECT",
		"Service shop/nonsense BAD_OBJECT",
		"Service shop/thief FRONTEND_TAKEN",
		"Service shop/web MAP_FULL",
		"map svc_slots MAP_NEARLY_FULL",
	]);
	t.deepEqual(
		describeTables(tables).map(({ name }) => name),
		["big", "sctp", "shop"],
	);
});

test("policy that could not be written is tried again after a while, then after twice as long", async (t) => {
	const at: number[] = [];
	const policy: PolicyPipeline = {
		pass(_batch, nowMs) {
			at.push(nowMs);
			return { steps: 1, whole: true, failed: at.length < 3, problems: [], use: [] };
		},
		nextDueMs: () => undefined,
		setTies: () => true,
		counts: () => ({ policies: 0, pods: 0, localPods: 0, rules: 0 }),
	};
	const { clock, reports, send, stop, done } = running({ policy });
	await send();
	t.is(reports.at(-1)?.pending, 1);
	await clock.advance(99);
	t.deepEqual(at, [0]);
	await clock.advance(1);
	t.deepEqual(at, [0, 100]);
	await clock.advance(200);
	t.deepEqual(at, [0, 100, 300]);
	t.is(reports.at(-1)?.pending, 0);
	await clock.advance(10_000);
	t.is(at.length, 3);
	stop.abort();
	await done;
});
