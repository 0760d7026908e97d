import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { Kind } from "../../../src/model/objects.ts";
import {
	createKubernetesSource,
	type KubernetesSourceOptions,
} from "../../../src/watch/kubernetes/kubernetes-source.ts";
import type { Source } from "../../../src/watch/source.ts";
import {
	startTestApiServer,
	type TestApiServer,
	type TestApiServerOptions,
} from "../../api-server/server.ts";
import type { RawObject } from "../../api-server/store.ts";
import { createFakeClock, type FakeClock } from "../fake-clock.ts";
import { createRecordingSink, type RecordingSink } from "../recording-sink.ts";
import { until } from "../until.ts";

/** A test API server and a source that watches it. */
export interface WatchedServer {
	server: TestApiServer;
	source: Source;
	sink: RecordingSink;
	clock: FakeClock;
	/** What `run` came to. */
	ended: Promise<unknown>;
	/** Aborts the source and waits for its end. */
	stop(): Promise<void>;
	/** Waits until the source has seen all that the server has. */
	synced(): Promise<void>;
	/** Makes a Service and waits until the sink has it. */
	addService(
		name: string,
		extra?: { labels?: Record<string, string>; annotations?: Record<string, string> },
	): Promise<void>;
}

/** What differs from the usual: Services only, no credentials, no real waits. */
export interface WatchedServerOptions {
	server?: TestApiServerOptions;
	source?: Partial<KubernetesSourceOptions>;
	kinds?: readonly Kind[];
	/** Fills the server before the source starts. */
	prepare?: (server: TestApiServer) => void;
	/** Fields of the user in the kubeconfig. */
	user?: Record<string, unknown>;
	/** Fields of the cluster in the kubeconfig. */
	cluster?: Record<string, unknown>;
}

/** A Service with one port. */
export function serviceNamed(
	name: string,
	{ labels, annotations }: { labels?: Record<string, string>; annotations?: Record<string, string> } = {},
): RawObject {
	return {
		kind: "Service",
		metadata: { namespace: "shop", name, ...(labels && { labels }), ...(annotations && { annotations }) },
		spec: { clusterIP: "10.96.0.10", clusterIPs: ["10.96.0.10"], type: "ClusterIP", ports: [{ port: 80 }] },
	};
}

/** Starts both; they end with the test. */
export async function watchServer(
	t: ExecutionContext,
	options: WatchedServerOptions = {},
): Promise<WatchedServer> {
	const server = await startTestApiServer(options.server);
	t.teardown(() => server.stop());
	options.prepare?.(server);
	const path = await writeKubeconfig(t, {
		cluster: { server: server.url, ...options.cluster },
		user: options.user ?? {},
	});
	const clock = createFakeClock();
	const source = createKubernetesSource({
		connection: { kubeconfig: { path } },
		kinds: options.kinds ?? ["Service"],
		clock,
		random: () => 0.5,
		...options.source,
	});
	const sink = createRecordingSink();
	const stop = new AbortController();
	const ended = source.run(sink, stop.signal).catch((error: unknown) => error);
	const end = async (): Promise<void> => {
		stop.abort();
		await ended;
	};
	t.teardown(end);
	return {
		server,
		source,
		sink,
		clock,
		ended,
		stop: end,
		synced: () => until("the source to sync", () => source.status().synced, source.status),
		async addService(name, extra) {
			server.store.set(serviceNamed(name, extra));
			await until(`Service ${name}`, () => sink.objects.has(`Service shop/${name}`), source.status);
		},
	};
}

/** Writes a kubeconfig with one cluster, user and context into a directory that goes with the test. */
export async function writeKubeconfig(
	t: ExecutionContext,
	{ cluster, user }: { cluster: Record<string, unknown>; user: Record<string, unknown> },
): Promise<string> {
	const path = join(await temporaryDirectory(t), "kubeconfig");
	// JSON is YAML, too.
	const config = {
		"current-context": "test",
		contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
		clusters: [{ name: "test", cluster }],
		users: [{ name: "test", user }],
	};
	await writeFile(path, JSON.stringify(config));
	return path;
}

/** A directory that goes with the test. */
export async function temporaryDirectory(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp(join(tmpdir(), "kproxy-watch-"));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	return directory;
}
