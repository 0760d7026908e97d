import { BpfError } from "bpf-loader";
import { type Kind, SERVICE_KINDS } from "../../model/objects.ts";
import { type Clock, systemClock } from "../clock.ts";
import { createIntern } from "../intern.ts";
import { createProblemBoard, type ProblemBoard } from "../problem-board.ts";
import type { Source, SourceStatus } from "../source.ts";
import { type ClientTimes, createApiClient } from "./api-client.ts";
import type { ConnectionReader } from "./connection.ts";
import { PLUGIN_FAILED } from "./exec-credential.ts";
import { type InClusterOptions, inClusterConnection } from "./in-cluster.ts";
import { type KubeconfigOptions, kubeconfigConnection } from "./kubeconfig.ts";
import { type ReflectorTimes, runReflector } from "./reflector.ts";
import { selectorOf } from "./resources.ts";

/** Which API server, and how to treat it. */
export interface KubernetesSourceOptions {
	/** A kubeconfig, or the service account of the pod. */
	connection: { kubeconfig: KubeconfigOptions } | { inCluster: InClusterOptions };
	/** Default: those of Services. */
	kinds?: readonly Kind[];
	/** This node's name: of all nodes only this one is watched, and without it none. */
	nodeName?: string | undefined;
	/** Ask for a streaming list first; default true. */
	streamingList?: boolean;
	/** For tests. */
	clock?: Clock;
	random?: () => number;
	times?: Partial<ClientTimes & ReflectorTimes>;
}

const TIMES: ClientTimes & ReflectorTimes = {
	connectMs: 10_000,
	headersMs: 60_000,
	bodyMs: 60_000,
	credentialsMs: 60_000,
	backoff: { baseMs: 250, maxMs: 30_000 },
	watchTimeoutS: 300,
	idleMs: 180_000,
	initialIdleMs: 30_000,
	shortWatchMs: 1_000,
	absentMs: 600_000,
};

/** Services, EndpointSlices, ServiceCIDRs and this node of an API server. Says what it wants by reading only: list and watch. */
export function createKubernetesSource(options: KubernetesSourceOptions): Source {
	const reader = connectionReader(options);
	const { nodeName = "" } = options;
	const kinds = (options.kinds ?? SERVICE_KINDS).filter((kind) => kind !== "Node" || nodeName !== "");
	const clock = options.clock ?? systemClock;
	const synced = new Set<Kind>();
	const contact: { lastMs: number | undefined } = { lastMs: undefined };
	let board: ProblemBoard | undefined;

	return {
		name: `kubernetes (${reader.name})`,
		kinds,
		async run(sink, signal) {
			const times = { ...TIMES, ...options.times };
			await checkConnection(reader);
			const client = createApiClient({ reader, clock, times, onRequest: sink.requested });
			board = createProblemBoard(sink.notice);
			const shared = {
				client,
				sink,
				board,
				clock,
				times,
				intern: createIntern(),
				random: options.random ?? Math.random,
			};
			const streamingList = options.streamingList ?? true;
			try {
				await Promise.all(kinds.map((kind) => reflect(kind, { ...shared, streamingList }, signal)));
			} finally {
				await client.close();
			}
		},
		status: (): SourceStatus => ({
			name: `kubernetes (${reader.name})`,
			synced: synced.size === kinds.length,
			lastContactMs: contact.lastMs,
			problems: board?.lines() ?? [],
		}),
	};

	function reflect(
		kind: Kind,
		shared: Omit<Parameters<typeof runReflector>[0], "kind" | "selector" | "onContact" | "onSynced">,
		signal: AbortSignal,
	): Promise<void> {
		const onContact = (): void => {
			contact.lastMs = clock.now();
		};
		const onSynced = (): void => void synced.add(kind);
		const selector = selectorOf(kind, nodeName);
		return runReflector({ ...shared, kind, selector, onContact, onSynced }, signal);
	}
}

/** What no retry can mend is said at once: a missing kubeconfig, a context that is not there. */
async function checkConnection(reader: ConnectionReader): Promise<void> {
	try {
		await reader.read(false);
	} catch (error) {
		if (!(error instanceof BpfError) || error.code !== PLUGIN_FAILED) throw error;
	}
}

function connectionReader({ connection, clock }: KubernetesSourceOptions): ConnectionReader {
	if ("inCluster" in connection) return inClusterConnection(connection.inCluster);
	return kubeconfigConnection({ clock, ...connection.kubeconfig });
}
