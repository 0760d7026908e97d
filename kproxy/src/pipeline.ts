import type { Backend, FrontendKey } from "./dataplane/generated/sock_lb.ts";
import { describeMirror, type FrontendView, leadsTo } from "./dataplane/service-view.ts";
import { createSync } from "./dataplane/sync.ts";
import { readTables, type ServiceTables } from "./dataplane/tables.ts";
import type { NodeFacts } from "./model/cluster-facts.ts";
import type { HealthCheck } from "./model/health-check.ts";
import { createModel, type ModelOptions } from "./model/model.ts";
import { describeRows } from "./plan/describe-rows.ts";
import type { MapUse } from "./plan/map-use.ts";
import { createPlanner } from "./plan/planner.ts";
import type { ServicePortRow } from "./plan/row.ts";
import type { PolicyPipeline, PolicyReport } from "./policy-pipeline.ts";
import type { Problem } from "./problem.ts";
import { type Clock, systemClock } from "./watch/clock.ts";
import type { Batch } from "./watch/source.ts";

/** What one pass did, for the log line, metrics and status. */
export interface Report {
	/** Objects that came, changed or went; 0 for a pass that only retries or frees. */
	changes: number;
	/** What `cluster()` says has changed. */
	clusterChanged: boolean;
	/** Everything has synced: what the kernel has is all there should be. */
	synced: boolean;
	durationMs: number;
	frontendsWritten: number;
	frontendsDeleted: number;
	/** Backends that get their first frontend. */
	backendsAdded: readonly Backend[];
	/** Backends that no dial reaches any more: named only once no frontend in the kernel leads there. */
	backendsRemoved: readonly Backend[];
	/** UDP endpoints that a Service has no more, not even to end their flows; others may have them. */
	endpointsLeft: readonly Backend[];
	/** Map entries that could not be written and are tried again. */
	pending: number;
	/** Trigger times (ms since the epoch) of the slices whose changes are now in the kernel. */
	triggerTimesMs: readonly number[];
	/** All problems that there are now. */
	problems: readonly Problem[];
	/** What was done about NetworkPolicy; undefined where it is not enforced. */
	policy: PolicyReport | undefined;
	/** How full each map is. */
	use: readonly MapUse[];
	/** What was wrong in the maps at start and has been repaired, one line each; in the first report only. */
	repairs: readonly string[];
}

/** What the pipeline needs. Times are milliseconds. */
export interface PipelineOptions {
	tables: ServiceTables;
	/** What the model has to know of this node. */
	node?: ModelOptions;
	/** Undefined: NetworkPolicies are not enforced. */
	policy?: PolicyPipeline;
	/** Called after each pass. */
	onReport(report: Report): void;
	/** Must not go back. By default the machine's monotonic clock. */
	clock?: Clock;
	/** How long what was given up stays untouched; see DEFAULT_GRACE_MS. */
	graceMs?: number;
	/** Wait before failed writes are tried again; doubled each time, up to thirty times as long. */
	retryMs?: number;
}

/** Watch, model, plan, diff, apply, report. */
export interface Pipeline {
	/** Serves batches until the watch ends. Stopping writes nothing: the maps serve on as they are. */
	run(watch: AsyncIterable<Batch>, signal: AbortSignal): Promise<void>;
	/** One pass, without a watch. */
	pass(batch: Batch): Report;
	/** What the API objects ask for. */
	wanted(): FrontendView[];
	/** What the daemon believes the kernel to hold. */
	held(): FrontendView[];
	/** How many API objects are known. */
	counts(): { services: number; slices: number; rows: number };
	/** Does the kernel have this frontend (a NodePort by any address of the node), and does it lead there? */
	leadsTo(frontend: FrontendKey, backend: { address: string; port: number }): boolean;
	/** What the objects say besides Services. */
	cluster(): ClusterFacts;
	/** All rows. */
	rows(): Iterable<ServicePortRow>;
}

/** What follows from API objects besides what is in the service maps. */
export interface ClusterFacts {
	healthChecks: readonly HealthCheck[];
	/** Undefined where there is no Node object of this node. */
	node: NodeFacts | undefined;
	/** Where ClusterIPs come from; empty where no object says. */
	serviceCIDRs: readonly string[];
}

const NOTHING: Batch = { changes: [], synced: false };
const MAX_BACKOFF = 30;
const monotonicClock: Clock = { now: () => performance.now(), sleep: systemClock.sleep };

/** A pipeline that goes on from what the tables hold. Reads them once; writes only in passes. */
export function createPipeline(options: PipelineOptions): Pipeline {
	const { tables, onReport, clock = monotonicClock, graceMs, retryMs = 1000 } = options;
	const actual = readTables(tables);
	const model = createModel(options.node);
	const planner = createPlanner({
		actual,
		limits: limitsOf(tables),
		...(graceMs === undefined ? {} : { graceMs }),
	});
	const sync = createSync(tables, actual);
	let synced = false;
	let failures = 0;
	let repairs = planner.repairs;
	let triggers: number[] = [];

	function pass(batch: Batch): Report {
		const startMs = clock.now();
		synced ||= batch.synced;
		// Before Services: a backend is not reachable by them before it is isolated.
		const policy = options.policy?.pass(batch, startMs);
		const update = model.update(batch.changes);
		const plan = planner.plan({ rows: update.rows, synced, nowMs: startMs });
		const { frontendsWritten, frontendsDeleted, ...applied } = sync.apply(plan.desired);
		const pending = applied.pending + (policy?.failed ? 1 : 0);
		const nowMs = clock.now();
		const backendsRemoved = planner.settle({ frontendAt: sync.frontendAt, nowMs });
		triggers = triggers.concat(update.triggerTimesMs);
		const report: Report = {
			changes: batch.changes.length,
			clusterChanged: update.healthChecksChanged || update.nodeChanged || update.serviceCIDRsChanged,
			synced,
			durationMs: nowMs - startMs,
			frontendsWritten,
			frontendsDeleted,
			backendsAdded: plan.backendsAdded,
			backendsRemoved,
			endpointsLeft: plan.endpointsLeft,
			pending,
			policy,
			triggerTimesMs: pending === 0 ? triggers : [],
			problems: [
				...model.problems.values(),
				...planner.problems(),
				...sync.problems(),
				...(policy?.problems ?? []),
			],
			use: [...planner.use(), ...(policy?.use ?? [])],
			repairs,
		};
		failures = pending === 0 ? 0 : failures + 1;
		if (pending === 0) triggers = [];
		repairs = [];
		onReport(report);
		return report;
	}

	/** When there is something to do without a change: a write to try again, or a grace period that ends. */
	function dueMs(): number | undefined {
		const freeMs = planner.nextDueMs();
		const retry =
			failures === 0 ? undefined : clock.now() + retryMs * Math.min(2 ** (failures - 1), MAX_BACKOFF);
		const dues = [freeMs, retry, options.policy?.nextDueMs()].filter((each) => each !== undefined);
		return dues.length === 0 ? undefined : Math.min(...dues);
	}

	return {
		pass,
		run: (watch, signal) => serve({ watch, signal, clock, dueMs, pass }),
		wanted: () => describeRows(Array.from(model.rows(), ([, row]) => row)),
		held: () => describeMirror(sync.mirror),
		counts: model.counts,
		leadsTo: (frontend, backend) => leadsTo(sync.mirror, { frontend, backend }),
		cluster: () => ({
			healthChecks: model.healthChecks(),
			node: model.node(),
			serviceCIDRs: model.serviceCIDRs(),
		}),
		*rows() {
			for (const [, row] of model.rows()) yield row;
		},
	};
}

/** A pass per batch, and between batches a pass whenever one is due. Rejects with whatever a pass throws. */
async function serve(options: {
	watch: AsyncIterable<Batch>;
	signal: AbortSignal;
	clock: Clock;
	dueMs: () => number | undefined;
	pass: (batch: Batch) => Report;
}): Promise<void> {
	const { watch, signal, clock, dueMs, pass } = options;
	let timer = new AbortController();
	const stop = () => timer.abort();
	signal.addEventListener("abort", stop, { once: true });

	async function wait({ signal: stopped }: AbortController): Promise<void> {
		for (let due = dueMs(); due !== undefined; due = dueMs()) {
			await clock.sleep(Math.max(0, due - clock.now()), stopped);
			if (stopped.aborted) return;
			pass(NOTHING);
		}
	}
	async function follow(fail: (error: unknown) => void): Promise<void> {
		wait(timer).catch(fail);
		for await (const batch of watch) {
			stop();
			if (signal.aborted) return;
			pass(batch);
			timer = new AbortController();
			wait(timer).catch(fail);
		}
	}

	try {
		await new Promise<void>((resolve, reject) => follow(reject).then(resolve, reject));
	} finally {
		stop();
		signal.removeEventListener("abort", stop);
	}
}

function limitsOf(tables: ServiceTables) {
	return {
		frontends: tables.frontends.maxEntries,
		slots: tables.slots.maxEntries,
		backends: tables.backends.maxEntries,
		names: tables.names.maxEntries,
		ranges: tables.ranges.maxEntries,
	};
}
