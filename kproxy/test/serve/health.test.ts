import test from "ava";
import { createHealth } from "../../src/serve/health.ts";

const START = Date.UTC(2026, 0, 1);

function healthAt() {
	const clock = { nowMs: START };
	return { clock, health: createHealth({ now: () => clock.nowMs, syncPeriodMs: 30_000 }) };
}

test("Before the first sync nobody is told to send traffic here", (t) => {
	const { health } = healthAt();
	t.is(health.healthz().status, 503);
	t.is(health.livez().status, 503);
	t.is(health.healthz().body.lastUpdated, new Date(0).toISOString());
});

test("After the first sync an idle daemon stays healthy for ever and dates its answer now", (t) => {
	const { clock, health } = healthAt();
	health.synced();
	clock.nowMs += 24 * 3600_000;
	t.is(health.healthz().status, 200);
	t.deepEqual(health.healthz().body, {
		lastUpdated: new Date(clock.nowMs).toISOString(),
		currentTime: new Date(clock.nowMs).toISOString(),
		nodeEligible: true,
	});
});

for (const { title, waitedMs, status } of [
	{
		title: "A change that waits for exactly two sync periods is still all right",
		waitedMs: 60_000,
		status: 200,
	},
	{
		title: "A change that waits longer than two sync periods makes the daemon unhealthy",
		waitedMs: 60_001,
		status: 503,
	},
] as const) {
	test(title, (t) => {
		const { clock, health } = healthAt();
		health.synced();
		clock.nowMs += 5_000;
		health.queued();
		clock.nowMs += waitedMs;
		t.is(health.healthz().status, status);
		t.is(health.livez().status, status);
	});
}

test("A node that is being deleted gets no traffic, but its daemon no restart", (t) => {
	const { health } = healthAt();
	health.synced();
	health.node(false);
	t.is(health.healthz().status, 503);
	t.is(health.healthz().body.nodeEligible, false);
	t.is(health.livez().status, 200);
	t.false("nodeEligible" in health.livez().body);
	t.true(health.healthy);
	health.node(true);
	t.is(health.healthz().status, 200);
});

test("An unhealthy answer dates the last sync that worked", (t) => {
	const { clock, health } = healthAt();
	health.synced();
	health.queued();
	clock.nowMs += 100_000;
	t.is(health.healthz().body.lastUpdated, new Date(START).toISOString());
});

test("The oldest waiting change counts, and a sync forgives it", (t) => {
	const { clock, health } = healthAt();
	health.synced();
	health.queued();
	clock.nowMs += 50_000;
	health.queued();
	clock.nowMs += 20_000;
	t.is(health.healthz().status, 503);
	health.synced();
	t.is(health.healthz().status, 200);
});
