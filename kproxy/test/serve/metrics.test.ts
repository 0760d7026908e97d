import { readFileSync } from "node:fs";
import test from "ava";
import { createHealth } from "../../src/serve/health.ts";
import { createMetrics, type KernelSample } from "../../src/serve/metrics.ts";
import { healthRoutes, metricsRoutes } from "../../src/serve/probe-routes.ts";

const sample: KernelSample = {
	frontends: 3,
	backends: 7,
	maps: [
		{ name: "svc_frontends", entries: 3, maxEntries: 100 },
		{ name: "sock_peers", entries: undefined, maxEntries: 200 },
	],
	reasons: [
		{ reason: "TRANSLATED", hook: "CONNECT", direction: "EGRESS", refused: false, packets: 41n, bytes: 0n },
		{ reason: "POLICY_INGRESS", hook: "POD", direction: "EGRESS", refused: true, packets: 3n, bytes: 180n },
	],
	noLocalEndpoints: [{ family: "IPv6", policy: "external", servicePorts: 2 }],
};

const createTestMetrics = () => createMetrics({ version: "1.2.3", sample: () => sample });

test("Every metric has a help sentence and a row of its own in docs/metrics.md", async (t) => {
	const docs = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8");
	const documented = [...docs.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]);
	const metrics = await createTestMetrics().registry.getMetricsAsJSON();
	for (const { name, help } of metrics) {
		t.regex(help, /^\S.{10,}/, `${name} has a help sentence`);
		t.true(documented.includes(name), `${name} has a row in docs/metrics.md`);
	}
	t.deepEqual(
		[...documented].sort(),
		metrics.map(({ name }) => name).sort(),
		"no row documents what is gone",
	);
});

test("A scrape shows what the kernel holds", async (t) => {
	const text = await createTestMetrics().scrape();
	t.regex(text, /^kproxy_frontends 3$/m);
	t.regex(text, /^kproxy_backends 7$/m);
	t.regex(text, /^kproxy_map_entries\{map="svc_frontends"\} 3$/m);
	t.regex(text, /^kproxy_map_max_entries\{map="sock_peers"\} 200$/m);
	t.notRegex(text, /kproxy_map_entries\{map="sock_peers"\}/);
	t.regex(text, /^kproxy_reasons_total\{reason="TRANSLATED",hook="CONNECT"\} 41$/m);
	const drop = 'reason="POLICY_INGRESS",hook="POD",direction="EGRESS"';
	t.true(text.includes(`\nkproxy_drops_total{${drop}} 3\n`));
	t.true(text.includes(`\nkproxy_dropped_bytes_total{${drop}} 180\n`));
	t.notRegex(text, /kproxy_drops_total\{reason="TRANSLATED"/);
	t.regex(text, /^kproxy_build_info\{version="1\.2\.3",node_version="[^"]+"\} 1$/m);
	t.regex(
		text,
		/^kubeproxy_sync_proxy_rules_no_local_endpoints_total\{ip_family="IPv6",traffic_policy="external"\} 2$/m,
	);
	t.regex(text, /^process_resident_memory_bytes [1-9]/m);
});

test("Two scrapes show the kernel's total, not its sum", async (t) => {
	const metrics = createTestMetrics();
	await metrics.scrape();
	t.regex(await metrics.scrape(), /^kproxy_reasons_total\{reason="TRANSLATED",.*\} 41$/m);
});

test("Histograms have kube-proxy's buckets", async (t) => {
	const metrics = createTestMetrics();
	metrics.syncDuration.observe({ ip_family: "IPv4" }, 1);
	metrics.programmingDuration.observe({ ip_family: "IPv4" }, 1);
	const text = await metrics.scrape();
	const buckets = (name: string) =>
		[...text.matchAll(new RegExp(`^${name}_bucket\\{le="([^"]+)",ip_family="IPv4"\\}`, "gm"))].map(
			(match) => match[1],
		);
	const sync = buckets("kubeproxy_sync_proxy_rules_duration_seconds");
	t.deepEqual([sync.length, sync[0], sync[14], sync[15]], [16, "0.001", "16.384", "+Inf"]);
	const programming = buckets("kubeproxy_network_programming_duration_seconds");
	t.deepEqual(
		[programming.length, programming[0], programming[2], programming.at(-2)],
		[81, "0.25", "1", "300"],
	);
});

test("Health answers are counted by their code and in kube-proxy's format", async (t) => {
	const metrics = createTestMetrics();
	const health = createHealth({ now: () => 0, syncPeriodMs: 30_000 });
	const routes = healthRoutes(health, metrics);
	t.is((await routes["/healthz"]?.())?.status, 503);
	health.synced();
	t.deepEqual(await routes["/healthz"]?.(), {
		status: 200,
		type: "application/json",
		body: '{"lastUpdated":"1970-01-01T00:00:00.000Z","currentTime":"1970-01-01T00:00:00.000Z","nodeEligible":true}',
	});
	await routes["/livez"]?.();
	const text = (await metricsRoutes(metrics)["/metrics"]?.())?.body ?? "";
	t.regex(text, /^kubeproxy_proxy_healthz_total\{code="503"\} 1$/m);
	t.regex(text, /^kubeproxy_proxy_healthz_total\{code="200"\} 1$/m);
	t.regex(text, /^kubeproxy_proxy_livez_total\{code="200"\} 1$/m);
});
