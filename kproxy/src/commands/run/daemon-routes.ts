import type { Pipeline } from "../../pipeline.ts";
import type { DaemonFrontends, DaemonStatus } from "../../serve/daemon-status.ts";
import type { Answer, Routes } from "../../serve/listen.ts";
import type { Reporter } from "../../serve/reporter.ts";
import { version } from "../../version.ts";
import type { ChangeQueue } from "../../watch/change-queue.ts";
import type { PolicyFollower } from "./follow-policy.ts";
import { modelOptions, type Settings } from "./settings.ts";

/** What the daemon's answers are made of. */
interface DaemonParts {
	settings: Settings;
	reporter: Reporter;
	pipeline: Pipeline;
	policy: PolicyFollower | undefined;
	queue: ChangeQueue;
	startedMs: number;
}

/** What the daemon tells the CLI on its socket. */
export function daemonRoutes(parts: DaemonParts): Routes {
	return {
		"/status": () => json(describeDaemon(parts)),
		"/frontends": () =>
			json({ wanted: parts.pipeline.wanted(), held: parts.pipeline.held() } satisfies DaemonFrontends),
	};
}

function describeDaemon({
	settings,
	reporter,
	pipeline,
	policy,
	queue,
	startedMs,
}: DaemonParts): DaemonStatus {
	return {
		pid: process.pid,
		version,
		nodeName: settings.nodeName,
		node: modelOptions(settings),
		startedMs,
		cgroup: settings.cgroup.path,
		inSync: reporter.inSync,
		syncedMs: reporter.syncedMs,
		pending: reporter.last?.pending ?? 0,
		counts: pipeline.counts(),
		...(policy && { policy: policy.describe() }),
		sources: queue.statuses(),
		problems: reporter.problems,
		use: reporter.last?.use ?? [],
	};
}

function json(value: unknown): Answer {
	return { type: "application/json", body: JSON.stringify(value) };
}
