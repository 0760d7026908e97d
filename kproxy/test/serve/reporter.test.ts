import test from "ava";
import type { ApiObject } from "../../src/model/objects.ts";
import type { Report } from "../../src/pipeline.ts";
import type { Problem } from "../../src/problem.ts";
import { createHealth } from "../../src/serve/health.ts";
import { createLogger } from "../../src/serve/logger.ts";
import { createMetrics } from "../../src/serve/metrics.ts";
import { createReporter } from "../../src/serve/reporter.ts";
import type { Batch } from "../../src/watch/source.ts";

const START = Date.UTC(2026, 0, 1);

const REPORT: Report = {
	changes: 0,
	synced: true,
	clusterChanged: false,
	durationMs: 1.23,
	frontendsWritten: 0,
	frontendsDeleted: 0,
	backendsAdded: [],
	backendsRemoved: [],
	endpointsLeft: [],
	pending: 0,
	triggerTimesMs: [],
	problems: [],
	use: [],
	policy: undefined,
	repairs: [],
};

const BACKEND = { address: "10.0.0.1", port: 80, protocol: 6, state: 1, reuse: 1, flags: 0 } as const;

function stage() {
	const clock = { nowMs: START };
	const now = () => clock.nowMs;
	const lines: { level: number; msg: string; [field: string]: unknown }[] = [];
	const log = createLogger({
		level: "debug",
		format: "json",
		colour: false,
		write: (line) => lines.push(JSON.parse(line)),
	});
	const health = createHealth({ now, syncPeriodMs: 30_000 });
	const sample = () => ({ frontends: 0, backends: 0, maps: [], reasons: [] });
	const metrics = createMetrics({ version: "0", sample });
	const reporter = createReporter({ log, health, metrics, now });
	// Of a metric with families, the value for IPv4.
	const value = async (name: string, family = "IPv4") =>
		new RegExp(`^${name}(?:\\{ip_family="${family}"\\})? (.*)$`, "m").exec(await metrics.scrape())?.[1];
	return { clock, lines, health, reporter, value };
}

async function pass(batches: AsyncIterable<Batch>): Promise<void> {
	for await (const _ of batches);
}

async function* batchesOf(...batches: Batch[]): AsyncGenerator<Batch> {
	yield* batches;
}

const CHANGES: Batch = {
	synced: false,
	changes: [
		{ kind: "Service", namespace: "a", name: "b", object: undefined },
		{ kind: "EndpointSlice", namespace: "a", name: "c", object: undefined },
		{ kind: "EndpointSlice", namespace: "a", name: "d", object: undefined },
	],
};

test("Changes are counted by kind, and wait until a pass has written them all", async (t) => {
	const { reporter, value } = stage();
	await pass(reporter.count(batchesOf(CHANGES)));
	t.is(await value("kubeproxy_sync_proxy_rules_service_changes_total"), "1");
	t.is(await value("kubeproxy_sync_proxy_rules_endpoint_changes_total"), "2");
	t.is(await value("kubeproxy_sync_proxy_rules_endpoint_changes_pending"), "2");
	t.is(await value("kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds"), String(START / 1000));
	reporter.report({ ...REPORT, changes: 3, pending: 1 });
	t.is(await value("kubeproxy_sync_proxy_rules_endpoint_changes_pending"), "2");
	t.is(await value("kproxy_sync_failures_total"), "1");
	reporter.report({ ...REPORT, changes: 0 });
	t.is(await value("kubeproxy_sync_proxy_rules_endpoint_changes_pending"), "0");
	t.is(await value("kubeproxy_sync_proxy_rules_last_timestamp_seconds"), String(START / 1000));
});

test("In sync means that every source was heard and nothing waits, and makes the daemon healthy", (t) => {
	const { reporter, health, lines } = stage();
	reporter.report({ ...REPORT, synced: false, changes: 1 });
	t.false(reporter.inSync);
	t.is(health.healthz().status, 503);
	reporter.report({ ...REPORT, pending: 2 });
	t.false(reporter.inSync);
	reporter.report(REPORT);
	t.true(reporter.inSync);
	t.is(reporter.syncedMs, START);
	t.is(health.healthz().status, 200);
	t.deepEqual(
		lines.map(({ msg }) => msg),
		[
			"applied",
			"applied in part: what could not be written is tried again, the old state serves on",
			"in sync",
		],
	);
});

test("A change that waits too long makes the daemon unhealthy until it is written", async (t) => {
	const { reporter, health, clock } = stage();
	reporter.report(REPORT);
	await pass(reporter.count(batchesOf(CHANGES)));
	reporter.report({ ...REPORT, changes: 3, pending: 1 });
	clock.nowMs += 61_000;
	t.is(health.healthz().status, 503);
	reporter.report(REPORT);
	t.is(health.healthz().status, 200);
});

test("A line names the backends that were removed, at most ten of them", (t) => {
	const { reporter, lines } = stage();
	reporter.report({ ...REPORT, changes: 1, backendsRemoved: [BACKEND] });
	t.like(lines[0], { msg: "in sync", backendsRemoved: 1, removed: ["10.0.0.1:80/TCP"], ms: 1.2 });
	reporter.report({ ...REPORT, changes: 1, backendsRemoved: Array(30).fill(BACKEND) });
	t.deepEqual(lines[1]?.removed, Array(10).fill("10.0.0.1:80/TCP"));
});

test("Passes that do nothing are for debugging, and repairs are warnings", (t) => {
	const { reporter, lines } = stage();
	reporter.report(REPORT);
	reporter.report(REPORT);
	reporter.report({ ...REPORT, repairs: ["slot 3 leads nowhere"] });
	t.deepEqual(
		lines.map(({ level, msg }) => [level, msg]),
		[
			[30, "in sync"],
			[20, "applied"],
			[40, "slot 3 leads nowhere"],
			[20, "applied"],
		],
	);
});

test("Programming time counts from the change of an endpoint, unless the daemon was not there yet", async (t) => {
	const { reporter, clock, value } = stage();
	clock.nowMs += 2000;
	reporter.report({ ...REPORT, changes: 1, triggerTimesMs: [START - 60_000, START + 500] });
	t.is(await value("kubeproxy_network_programming_duration_seconds_count"), "1");
	t.is(await value("kubeproxy_network_programming_duration_seconds_sum"), "1.5");
});

test("The first pass counts as a full sync, the others as partial ones", async (t) => {
	const { reporter, value } = stage();
	for (const changes of [3, 1, 1, 0]) reporter.report({ ...REPORT, changes });
	t.is(await value("kubeproxy_sync_proxy_rules_duration_seconds_count"), "3");
	t.is(await value("kubeproxy_sync_full_proxy_rules_duration_seconds_count"), "1");
	t.is(await value("kubeproxy_sync_partial_proxy_rules_duration_seconds_count", "IPv6"), "2");
});

test("Programming time counts for the family of the slice that changed", async (t) => {
	const { clock, reporter, value } = stage();
	clock.nowMs += 10_000;
	const slice = {
		kind: "EndpointSlice",
		namespace: "a",
		name: "c",
		service: "b",
		addressType: "IPv6",
		ports: [],
		endpoints: [],
		triggerTimeMs: clock.nowMs - 2000,
	} as unknown as ApiObject;
	const change = { kind: "EndpointSlice", namespace: "a", name: "c", object: slice } as const;
	await pass(reporter.count(batchesOf({ synced: true, changes: [change] })));
	reporter.report({ ...REPORT, changes: 1, triggerTimesMs: [clock.nowMs - 2000] });
	t.is(await value("kubeproxy_network_programming_duration_seconds_sum", "IPv6"), "2");
	t.is(await value("kubeproxy_network_programming_duration_seconds_sum", "IPv4"), undefined);
});

test("Problems from elsewhere are said once, beside the pipeline's", (t) => {
	const { reporter, lines } = stage();
	const problem = (id: string): Problem => ({
		id,
		object: "Service a/b",
		code: "HEALTH_CHECK_PORT",
		message: id,
	});
	reporter.report({ ...REPORT, problems: [problem("first")] });
	reporter.alsoReport([problem("second")]);
	reporter.report({ ...REPORT, problems: [problem("first")] });
	t.deepEqual(
		reporter.problems.map(({ id }) => id),
		["first", "second"],
	);
	t.deepEqual(
		lines.filter(({ level }) => level === 40).map(({ msg }) => msg),
		["first", "second"],
	);
	reporter.alsoReport([]);
	t.true(lines.some(({ msg }) => msg === "solved: second"));
});
