import { addressAndPort, protocolText } from "../dataplane/tables.ts";
import type { Report } from "../pipeline.ts";
import type { Problem } from "../problem.ts";
import type { Batch } from "../watch/source.ts";
import type { Health } from "./health.ts";
import type { Logger } from "./logger.ts";
import { IP_FAMILIES, type IpFamily, type Metrics } from "./metrics.ts";
import { createProblemLog } from "./problem-log.ts";

/** Backends that one log line names. */
const NAMED_BACKENDS = 10;

/** What the daemon says of its work: log lines, metrics, health. Decides nothing. */
export interface Reporter {
	/** The same batches, counted as they come. */
	count(watch: AsyncIterable<Batch>): AsyncIterable<Batch>;
	/** Takes the report of each pass. */
	report(report: Report): void;
	/** Takes all problems from elsewhere than the pipeline, such as ports that cannot be opened. */
	alsoReport(problems: readonly Problem[]): void;
	/** All that there are now. */
	readonly problems: readonly Problem[];
	/** The last report; undefined before the first pass. */
	readonly last: Report | undefined;
	/** When all was last found or made to be in the kernel, in ms since the epoch. */
	readonly syncedMs: number | undefined;
	/** Every source has been heard, and all of it is in the kernel. */
	readonly inSync: boolean;
}

/** What a reporter writes to. `now`: ms since the epoch. */
export interface ReporterOptions {
	log: Logger;
	health: Health;
	metrics: Metrics;
	now: () => number;
}

/** A reporter of a daemon that starts now. */
export function createReporter({ log, health, metrics, now }: ReporterOptions): Reporter {
	const startedMs = now();
	const problems = createProblemLog(log);
	const state: { last: Report | undefined; syncedMs: number | undefined } = {
		last: undefined,
		syncedMs: undefined,
	};
	let others: readonly Problem[] = [];
	const updateProblems = () => problems.update([...(state.last?.problems ?? []), ...others]);
	const families: TriggerFamilies = new Map();
	const isInSync = () => state.last?.synced === true && state.last.pending === 0;
	return {
		async *count(watch) {
			for await (const batch of watch) {
				if (batch.changes.length > 0) {
					countChanges(batch, metrics);
					noteFamilies(batch, families);
					for (const ip_family of IP_FAMILIES) metrics.lastQueued.set({ ip_family }, now() / 1000);
					health.queued();
				}
				yield batch;
			}
		},
		report(report) {
			const wasInSync = isInSync();
			const isFirst = state.last === undefined;
			state.last = report;
			updateProblems();
			for (const repair of report.repairs) {
				log.warn(repair);
			}
			observe(report, metrics, { startedMs, nowMs: now(), isFirst, families });
			if (report.pending === 0) families.clear();
			if (isInSync()) {
				state.syncedMs = now();
				health.synced();
			}
			logPass(report, log, !wasInSync && isInSync());
		},
		alsoReport(problems) {
			others = problems;
			updateProblems();
		},
		get problems() {
			return problems.current;
		},
		get last() {
			return state.last;
		},
		get syncedMs() {
			return state.syncedMs;
		},
		get inSync() {
			return isInSync();
		},
	};
}

function countChanges({ changes }: Batch, metrics: Metrics): void {
	const services = changes.filter(({ kind }) => kind === "Service").length;
	const slices = changes.filter(({ kind }) => kind === "EndpointSlice").length;
	metrics.serviceChanges.inc(services);
	metrics.endpointChanges.inc(slices);
	metrics.serviceChangesPending.inc(services);
	metrics.endpointChangesPending.inc(slices);
}

/** Families of the slices that came with a trigger time: the report has times only. */
type TriggerFamilies = Map<number, Set<IpFamily>>;

function noteFamilies({ changes }: Batch, families: TriggerFamilies): void {
	for (const { object } of changes) {
		if (object?.kind !== "EndpointSlice" || object.triggerTimeMs === undefined) continue;
		if (object.addressType === "FQDN") continue;
		const known = families.get(object.triggerTimeMs) ?? new Set();
		families.set(object.triggerTimeMs, known.add(object.addressType));
	}
}

interface Circumstances {
	startedMs: number;
	nowMs: number;
	/** The first pass after the start. */
	isFirst: boolean;
	families: TriggerFamilies;
}

function observe(
	report: Report,
	metrics: Metrics,
	{ startedMs, nowMs, isFirst, families }: Circumstances,
): void {
	const kind = isFirst ? metrics.fullSyncDuration : metrics.partialSyncDuration;
	for (const ip_family of report.changes > 0 ? IP_FAMILIES : []) {
		metrics.syncDuration.observe({ ip_family }, report.durationMs / 1000);
		kind.observe({ ip_family }, report.durationMs / 1000);
	}
	if (report.pending > 0) {
		metrics.syncFailures.inc();
		return;
	}
	for (const ip_family of IP_FAMILIES) metrics.lastSync.set({ ip_family }, nowMs / 1000);
	metrics.serviceChangesPending.set(0);
	metrics.endpointChangesPending.set(0);
	// What changed before the daemon was there says nothing about the daemon.
	for (const triggerMs of report.triggerTimesMs.filter((each) => each >= startedMs)) {
		for (const ip_family of families.get(triggerMs) ?? IP_FAMILIES) {
			metrics.programmingDuration.observe({ ip_family }, Math.max(0, nowMs - triggerMs) / 1000);
		}
	}
}

/** One line a batch; passes that only wait or free numbers are for debugging. */
function logPass(report: Report, log: Logger, isNowInSync: boolean): void {
	const { changes, frontendsWritten, frontendsDeleted, backendsAdded, backendsRemoved, policy, pending } =
		report;
	const fields = {
		changes,
		frontendsWritten,
		frontendsDeleted,
		backendsAdded: backendsAdded.length,
		backendsRemoved: backendsRemoved.length,
		...(backendsRemoved.length > 0 && {
			removed: backendsRemoved
				.slice(0, NAMED_BACKENDS)
				.map((backend) => `${addressAndPort(backend)}/${protocolText(backend.protocol)}`),
		}),
		...(policy && policy.steps > 0 && { policySteps: policy.steps, policyWhole: policy.whole }),
		...(pending > 0 && { pending }),
		ms: Math.round(report.durationMs * 10) / 10,
	};
	const idle = changes + frontendsWritten + frontendsDeleted + backendsRemoved.length === 0;
	if (pending > 0) {
		log.warn(fields, "applied in part: what could not be written is tried again, the old state serves on");
	} else if (isNowInSync) {
		log.info(fields, "in sync");
	} else {
		log[idle ? "debug" : "info"](fields, "applied");
	}
}
