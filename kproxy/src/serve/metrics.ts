import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Outcome } from "../dataplane/counters.ts";
import type { NoLocalEndpoints } from "./no-local-endpoints.ts";
import { createProcessMetrics } from "./process-metrics.ts";

/** Values of the label `ip_family`. One pass writes both, as both of kube-proxy's proxies sync on a change. */
export const IP_FAMILIES = ["IPv4", "IPv6"] as const;
export type IpFamily = (typeof IP_FAMILIES)[number];

/** What the kernel holds, read when somebody scrapes. */
export interface KernelSample {
	frontends: number;
	backends: number;
	/** Entries in use and limit of every map. */
	maps: readonly { name: string; entries: number | undefined; maxEntries: number }[];
	/** Since the counters were pinned. */
	reasons: readonly Omit<Outcome, "sentence">[];
	/** Service ports that serve nobody here, by family and policy. */
	noLocalEndpoints?: readonly NoLocalEndpoints[];
}

/** Every metric of the daemon. Label values come from fixed lists: maps, reasons, hooks, HTTP codes. */
export interface Metrics {
	readonly registry: Registry;
	/** The text of one scrape, kernel and process read afresh. */
	scrape(): Promise<string>;
	readonly syncDuration: Histogram<"ip_family">;
	/** Of passes that compare everything: the first after a start. */
	readonly fullSyncDuration: Histogram<"ip_family">;
	/** Of all others. */
	readonly partialSyncDuration: Histogram<"ip_family">;
	readonly programmingDuration: Histogram<"ip_family">;
	readonly lastSync: Gauge<"ip_family">;
	readonly lastQueued: Gauge<"ip_family">;
	readonly endpointChangesPending: Gauge;
	readonly endpointChanges: Counter;
	readonly serviceChangesPending: Gauge;
	readonly serviceChanges: Counter;
	readonly healthz: Counter<"code">;
	readonly livez: Counter<"code">;
	readonly syncFailures: Counter;
	/** Requests to API servers. */
	readonly apiRequests: Counter<"code" | "method" | "host">;
}

const FAMILY = ["ip_family"] as const;

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
		...createDurationMetrics(registers),
		apiRequests: new Counter({
			name: "rest_client_requests_total",
			help: "Requests to API servers by HTTP status code, method and host",
			labelNames: ["code", "method", "host"],
			registers,
		}),
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
	const byFamily = (name: string, help: string) => new Gauge({ name, help, labelNames: FAMILY, registers });
	return {
		lastSync: byFamily(
			"kubeproxy_sync_proxy_rules_last_timestamp_seconds",
			"When the last batch was written, in seconds since the epoch",
		),
		lastQueued: byFamily(
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

function createDurationMetrics(registers: Registry[]) {
	const histogram = (name: string, help: string, buckets: number[]) =>
		new Histogram({ name, help, buckets, labelNames: FAMILY, registers });
	return {
		syncDuration: histogram(
			"kubeproxy_sync_proxy_rules_duration_seconds",
			"Time from taking a batch of changes to the last map write",
			SYNC_BUCKETS,
		),
		fullSyncDuration: histogram(
			"kubeproxy_sync_full_proxy_rules_duration_seconds",
			"The same, of the first pass after a start, which compares everything",
			SYNC_BUCKETS,
		),
		partialSyncDuration: histogram(
			"kubeproxy_sync_partial_proxy_rules_duration_seconds",
			"The same, of all other passes",
			SYNC_BUCKETS,
		),
		programmingDuration: histogram(
			"kubeproxy_network_programming_duration_seconds",
			"Time from the change of an endpoint, as its EndpointSlice dates it, to the last map write",
			PROGRAMMING_BUCKETS,
		),
	};
}

/** The metrics that mirror the kernel; the result copies a fresh sample into them. */
function createKernelMetrics(registers: Registry[], sample: () => KernelSample): () => void {
	const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
	const byMap = (name: string, help: string) => new Gauge({ name, help, labelNames: ["map"], registers });
	const frontends = gauge("kproxy_frontends", "Frontends in the kernel, and one guard for each ClusterIP");
	const backends = gauge("kproxy_backends", "Backends that the kernel knows");
	const entries = byMap("kproxy_map_entries", "Entries in use, by map");
	const noLocalEndpoints = new Gauge({
		name: "kubeproxy_sync_proxy_rules_no_local_endpoints_total",
		help: "Service ports with traffic policy Local that have endpoints, but none on this node",
		labelNames: ["ip_family", "traffic_policy"],
		registers,
	});
	const limits = byMap("kproxy_map_max_entries", "Entries that fit, by map");
	const reasons = new Counter({
		name: "kproxy_reasons_total",
		help: "Connects and packets by what became of them and at which hook",
		labelNames: ["reason", "hook"],
		registers,
	});
	const refused = (name: string, help: string) =>
		new Counter({ name, help, labelNames: ["reason", "hook", "direction"], registers });
	const drops = refused("kproxy_drops_total", "Packets and dials that were dropped, rejected or refused");
	const droppedBytes = refused("kproxy_dropped_bytes_total", "Bytes of these packets; dials have none");
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
		for (const { family, policy, servicePorts } of kernel.noLocalEndpoints ?? []) {
			noLocalEndpoints.set({ ip_family: family, traffic_policy: policy }, servicePorts);
		}
		// The kernel keeps the total: it survives a restart of the daemon, so it is copied and not added.
		for (const counter of [reasons, drops, droppedBytes]) counter.reset();
		for (const { reason, hook, direction, refused, packets, bytes } of kernel.reasons) {
			reasons.inc({ reason, hook }, Number(packets));
			if (!refused) continue;
			drops.inc({ reason, hook, direction }, Number(packets));
			droppedBytes.inc({ reason, hook, direction }, Number(bytes));
		}
	};
}

function linear({ start, step, count }: { start: number; step: number; count: number }): number[] {
	return Array.from({ length: count }, (_, index) => start + step * index);
}
