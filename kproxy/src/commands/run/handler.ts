import { writeFileSync } from "node:fs";
import type { AttachOutcome } from "../../dataplane/attach.ts";
import type { DataplaneTunables } from "../../dataplane/load-objects.ts";
import { type Dataplane, openDataplane } from "../../dataplane/open-dataplane.ts";
import { formatPorts, reservePorts } from "../../dataplane/reserved-ports.ts";
import { createPipeline, type Pipeline } from "../../pipeline.ts";
import { daemonSocketPath, listenToCli, reservedPortsNote } from "../../serve/daemon-socket.ts";
import { createHealth } from "../../serve/health.ts";
import { createHealthCheckPorts } from "../../serve/health-check-ports.ts";
import { sampleKernel } from "../../serve/kernel-sample.ts";
import { type Listener, listen, type Routes } from "../../serve/listen.ts";
import { createLogger, type Logger } from "../../serve/logger.ts";
import { createMetrics } from "../../serve/metrics.ts";
import { countNoLocalEndpoints } from "../../serve/no-local-endpoints.ts";
import { healthRoutes, metricsRoutes } from "../../serve/probe-routes.ts";
import { createProblemSources } from "../../serve/problem-sources.ts";
import { createReporter, type Reporter } from "../../serve/reporter.ts";
import { version } from "../../version.ts";
import { type ChangeQueue, createChangeQueue } from "../../watch/change-queue.ts";
import { ExitCode, type Handler } from "../command.ts";
import { daemonRoutes } from "./daemon-routes.ts";
import { createStaleSocketEnder } from "./end-stale-sockets.ts";
import { explainKernel } from "./explain-kernel.ts";
import { followCluster } from "./follow-cluster.ts";
import { followNode } from "./follow-node.ts";
import { startPolicy } from "./follow-policy.ts";
import type { runOptions } from "./options.ts";
import { modelOptions, readSettings, type Settings } from "./settings.ts";

export const runDaemon: Handler<typeof runOptions> = async (values, terminal) => {
	const settings = await readSettings(values, terminal);
	const log = createLogger({ ...settings.log, write: terminal.error });
	await using held = new AsyncDisposableStack();
	setOwnProcess(settings, log);

	// Ports first: one that is taken must not leave programs attached.
	let dataplane: Dataplane | undefined;
	let pipeline: Pipeline | undefined;
	const health = createHealth({ now: Date.now, syncPeriodMs: settings.syncPeriodMs });
	const sample = () => ({
		...sampleKernel(dataplane?.maps.counters, reporter.last?.use ?? []),
		noLocalEndpoints: countNoLocalEndpoints(pipeline?.rows() ?? []),
	});
	const metrics = createMetrics({ version, sample });
	const reporter = createReporter({ log, health, metrics, now: Date.now });
	if (settings.healthz) held.use(await listen("healthz", settings.healthz, healthRoutes(health, metrics)));
	if (settings.metrics) held.use(await listen("metrics", settings.metrics, metricsRoutes(metrics)));

	dataplane = held.use(open(settings));
	logDataplane(log, dataplane, settings);
	reserveNodePorts(settings, log);
	const problems = createProblemSources((all) => reporter.alsoReport(all));
	const policy = startPolicy(dataplane, {
		settings,
		log,
		onProblems: problems("pods"),
		retry: () => void started.pass({ changes: [], synced: false }),
	});
	if (policy) held.use(policy);
	const node = held.use(
		followNode(dataplane, {
			settings,
			log,
			onProblems: problems("devices"),
			...(policy && { onDevices: policy.setNetwork }),
		}),
	);
	const onPortProblems = problems("health check ports");
	const ports = held.use(
		createHealthCheckPorts({
			isHealthy: () => health.healthy,
			onProblems: () => onPortProblems(ports.problems),
		}),
	);
	const endStaleSockets = createStaleSocketEnder(dataplane, {
		log,
		leadsTo: (frontend, backend) => started.leadsTo(frontend, backend),
	});

	const synced = new AbortController();
	const signal = settings.once ? AbortSignal.any([terminal.signal, synced.signal]) : terminal.signal;
	const queue = createChangeQueue(settings.sources, {
		signal,
		onNotice: (level, line) => log[level](line),
		onRequest: ({ code, method, host }) => metrics.apiRequests.inc({ code, method, host }),
	});
	const attend = (task: Promise<unknown>) =>
		void task.catch((error: Error) => log.error({ err: error }, error.message));
	const started = createPipeline({
		tables: dataplane.maps,
		node: modelOptions(settings),
		...(policy && { policy: policy.pipeline }),
		onReport(report) {
			if (report.clusterChanged) {
				node.update(started.cluster());
				if (!settings.once) attend(followCluster(started.cluster(), { health, ports, settings }));
			}
			attend(endStaleSockets(report.endpointsLeft));
			reporter.report(report);
			if (reporter.inSync) synced.abort("in sync");
		},
	});
	pipeline = started;
	const routes = daemonRoutes({
		settings,
		reporter,
		pipeline: started,
		policy,
		queue,
		startedMs: Date.now(),
	});
	held.use(await answerCli(routes, { settings, log }));

	await started.run(reporter.count(queue), signal);
	log.info(
		{ signal: terminal.signal.reason },
		"stopped: the programs stay attached and serve the last state",
	);
	return settings.once ? onceCode(reporter, queue) : ExitCode.OK;
};

/** Loads the programs and attaches those of sockets. Throws as openDataplane, and KERNEL_TOO_OLD before anything is attached. */
function open(settings: Settings): Dataplane {
	try {
		return openDataplane({
			...settings,
			cgroup: settings.cgroup.path,
			tunables: tunablesOf(settings),
			policy: settings.policy !== undefined,
		});
	} catch (error) {
		throw explainKernel(error);
	}
}

/** The operator's choices as the programs take them. */
function tunablesOf({ network }: Settings): DataplaneTunables {
	const { nodePorts, snatPorts, udpTimeoutS, masqueradeAll } = network;
	return {
		node_port_first: nodePorts.first,
		node_port_last: nodePorts.last,
		snat_port_first: snatPorts.first,
		snat_port_last: snatPorts.last,
		udp_timeout_s: udpTimeoutS,
		masquerade_all: masqueradeAll,
	};
}

/** What the configuration says of the process itself, and once what of it is not heeded. */
function setOwnProcess({ ignoredFields, oomScoreAdj }: Settings, log: Logger): void {
	if (ignoredFields.length > 0) {
		log.info(
			{ fields: ignoredFields },
			"fields of the configuration without meaning here: docs/replace-kube-proxy.md says why",
		);
	}
	if (oomScoreAdj === undefined) return;
	try {
		writeFileSync("/proc/self/oom_score_adj", String(oomScoreAdj));
	} catch (error) {
		log.warn(
			`oomScoreAdj ${oomScoreAdj} cannot be set: ${(error as Error).message}; it needs CAP_SYS_RESOURCE`,
		);
	}
}

/** Else the kernel may give a NodePort to a socket that dials out, and the replies would be taken for dials. */
function reserveNodePorts({ network, bpffs }: Settings, log: Logger): void {
	try {
		const added = reservePorts([network.nodePorts], { notePath: reservedPortsNote(bpffs) });
		if (added.length > 0)
			log.info({ ports: formatPorts(added) }, "reserved: the kernel gives them to no socket");
	} catch (error) {
		log.warn(
			`NodePorts are not reserved: ${(error as Error).message}; add ${formatPorts([network.nodePorts])} to net.ipv4.ip_local_reserved_ports`,
		);
	}
}

/** Without its socket the daemon does all that matters, so a read-only /run is no reason to stop. */
async function answerCli(
	routes: Routes,
	{ settings, log }: { settings: Settings; log: Logger },
): Promise<Listener | undefined> {
	try {
		return await listenToCli(daemonSocketPath(settings.bpffs), routes);
	} catch (error) {
		log.warn(`kproxy status and diff cannot ask this daemon: ${(error as Error).message}`);
		return undefined;
	}
}

function logDataplane(
	log: Logger,
	{ adoptedMaps, programs }: Dataplane,
	{ cgroup, bpffs, nodeName }: Settings,
): void {
	const counts: Partial<Record<AttachOutcome, number>> = {};
	for (const outcome of Object.values(programs)) {
		counts[outcome] = (counts[outcome] ?? 0) + 1;
	}
	log.info(
		{ version, nodeName, bpffs, cgroup: cgroup.path, adoptedMaps: adoptedMaps.length, ...counts },
		"dataplane ready",
	);
	if (cgroup.virtualised) {
		log.warn(
			{ cgroup: cgroup.path },
			"this is the root of a cgroup namespace, not of the node: processes outside it are not served",
		);
	}
}

/** After `--once` nobody watches any more, so whoever called has to know that something is missing. */
function onceCode(reporter: Reporter, queue: ChangeQueue): ExitCode {
	// A device that cannot be served is the node's affair, and no reason to try again.
	const unserved = reporter.problems.filter(({ code }) => code !== "DEVICE_UNSUPPORTED");
	const problems = unserved.length + queue.statuses().flatMap(({ problems }) => problems).length;
	return reporter.inSync && problems === 0 ? ExitCode.OK : ExitCode.DIFFERS;
}
