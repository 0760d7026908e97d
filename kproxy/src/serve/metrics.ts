import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { createProcessMetrics } from "./process-metrics.ts";

/** What the kernel holds, read when somebody scrapes. */
export interface KernelSample {
	frontends: number;
	backends: number;
	/** Entries in use and limit of every map. */
	maps: readonly { name: string; entries: number | undefined; maxEntries: number }[];
	/** Since the counters were pinned. */
	reasons: readonly { reason: string; hook: string; packets: bigint }[];
}

/** Every metric of the daemon. Label values come from fixed lists: maps, reasons, hooks, HTTP codes. */
export interface Metrics {
	readonly registry: Registry;
	/** The text of one scrape, kernel and process read afresh. */
	scrape(): Promise<string>;
	readonly syncDuration: Histogram;
	readonly programmingDuration: Histogram;
	readonly lastSync: Gauge;
	readonly lastQueued: Gauge;
	readonly endpointChangesPending: Gauge;
	readonly endpointChanges: Counter;
	readonly serviceChangesPending: Gauge;
	readonly serviceChanges: Counter;
	readonly healthz: Counter<"code">;
	readonly livez: Counter<"code">;
	readonly syncFailures: Counter;
}

/** Seconds; 1 ms doubling up to 16 s, as kube-proxy has them. */
const SYNC_BUCKETS = Array.from({ length: 15 }, (_, power) => 0.001 * 2 ** power);

/** Seconds; as kube-proxy has them: fine below one minute, coarse up to five. */
const PROGRAMMING_BUCKETS = [
	...linear({ start: 0.25, step: 0.25, count: 2 }),
	...linear({ start: 1, step: 1, count: 59 }),
	...linear({ start: 60, step: 5, count: 12 }),
	...linear({ start: 120, step: 30, count: 7 }),
];

/** Creates all metrics in a registry of their own. `sample` is called once a scrape. */
export function createMetrics({ version, sample }: { version: string; sample: () => KernelSample }): Metrics {
	const registry = new Registry();
	const registers = [registry];
	const sampleKernel = createKernelMetrics(registers, sample);
	const sampleProcess = createProcessMetrics(registers);
	new Gauge({
		name: "kproxy_build_info",
		help: "Always 1; the labels say what runs",
		labelNames: ["version", "node_version"],
		registers,
	}).set({ version, node_version: process.versions.node }, 1);
	return {
		registry,
		scrape: () => {
			sampleKernel();
			sampleProcess();
			return registry.metrics();
		},
		...createSyncMetrics(registers),
		healthz: new Counter({
			name: "kubeproxy_proxy_healthz_total",
			help: "Answers of /healthz by HTTP status code",
			labelNames: ["code"],
			registers,
		}),
		livez: new Counter({
			name: "kubeproxy_proxy_livez_total",
			help: "Answers of /livez by HTTP status code",
			labelNames: ["code"],
			registers,
		}),
	};
}

function createSyncMetrics(registers: Registry[]) {
	const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
	const counter = (name: string, help: string) => new Counter({ name, help, registers });
	return {
		syncDuration: new Histogram({
			name: "kubeproxy_sync_proxy_rules_duration_seconds",
			help: "Time from taking a batch of changes to the last map write",
			buckets: SYNC_BUCKETS,
			registers,
		}),
		programmingDuration: new Histogram({
			name: "kubeproxy_network_programming_duration_seconds",
			help: "Time from the change of an endpoint, as its EndpointSlice dates it, to the last map write",
			buckets: PROGRAMMING_BUCKETS,
			registers,
		}),
		lastSync: gauge(
			"kubeproxy_sync_proxy_rules_last_timestamp_seconds",
			"When the last batch was written, in seconds since the epoch",
		),
		lastQueued: gauge(
			"kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds",
			"When the last change came, in seconds since the epoch",
		),
		endpointChangesPending: gauge(
			"kubeproxy_sync_proxy_rules_endpoint_changes_pending",
			"EndpointSlice changes that wait to be written",
		),
		endpointChanges: counter(
			"kubeproxy_sync_proxy_rules_endpoint_changes_total",
			"EndpointSlice changes that came",
		),
		serviceChangesPending: gauge(
			"kubeproxy_sync_proxy_rules_service_changes_pending",
			"Service changes that wait to be written",
		),
		serviceChanges: counter("kubeproxy_sync_proxy_rules_service_changes_total", "Service changes that came"),
		syncFailures: counter("kproxy_sync_failures_total", "Batches that could not be written whole"),
	};
}

/** The metrics that mirror the kernel; the result copies a fresh sample into them. */
function createKernelMetrics(registers: Registry[], sample: () => KernelSample): () => void {
	const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
	const byMap = (name: string, help: string) => new Gauge({ name, help, labelNames: ["map"], registers });
	const frontends = gauge("kproxy_frontends", "Frontends that the kernel serves");
	const backends = gauge("kproxy_backends", "Backends that the kernel knows");
	const entries = byMap("kproxy_map_entries", "Entries in use, by map");
	const limits = byMap("kproxy_map_max_entries", "Entries that fit, by map");
	const reasons = new Counter({
		name: "kproxy_reasons_total",
		help: "Connects and packets by what became of them and at which hook",
		labelNames: ["reason", "hook"],
		registers,
	});
	return () => {
		const kernel = sample();
		frontends.set(kernel.frontends);
		backends.set(kernel.backends);
		for (const map of kernel.maps) {
			limits.set({ map: map.name }, map.maxEntries);
			if (map.entries !== undefined) {
				entries.set({ map: map.name }, map.entries);
			}
		}
		// The kernel keeps the total: it survives a restart of the daemon, so it is copied and not added.
		reasons.reset();
		for (const { reason, hook, packets } of kernel.reasons) {
			reasons.inc({ reason, hook }, Number(packets));
		}
	};
}

function linear({ start, step, count }: { start: number; step: number; count: number }): number[] {
	return Array.from({ length: count }, (_, index) => start + step * index);
}
