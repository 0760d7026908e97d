/** Two nodes with pods in namespaces of the cluster, an outside client, and kproxy with policy on the first node. */
import type { ExecutionContext } from "ava";
import { type Cluster, type ClusterOptions, createCluster } from "../../lab/cluster.ts";
import type { Daemon, LogLine } from "../../lab/daemon.ts";
import type { Host } from "../../lab/host.ts";
import { createLab, type Lab } from "../../lab/lab.ts";
import { ManifestDirectory } from "../../lab/manifests.ts";
import type { LabNode } from "../../lab/node.ts";
import type { Pod, PodOptions } from "../../lab/pod.ts";
import type { DialOptions } from "../../lab/protocol.ts";
import { ownPort } from "./own-port.ts";

export const FAMILIES = ["IPv4", "IPv6"] as const;
export const PROTOCOLS = ["TCP", "UDP"] as const;
export const PORT = 8080;
/** A drop is told by silence: long enough for every answer that there is. */
export const SILENCE_MS = 300;

export interface PolicyStage {
	lab: Lab;
	cluster: Cluster;
	node1: LabNode;
	node2: LabNode;
	/** Outside of the cluster. */
	client: Host;
	manifests: ManifestDirectory;
	daemon: Daemon;
	/** Makes a pod that serves and is known to the API; `namespace/name`. */
	pod(name: string, options?: PodOptions & StagePod): Promise<Pod>;
	/** Changes manifests, and waits until the first node has what follows. */
	change(change: () => void): Promise<LogLine>;
	/** Starts the first node's kproxy (again) with these arguments more, and waits until it is in sync. */
	start(args?: readonly string[]): Promise<Daemon>;
	close(): void;
}

export interface StagePod {
	labels?: Readonly<Record<string, string>>;
	node?: LabNode;
	ports?: readonly { name: string; protocol?: string; containerPort: number }[];
	/** False: the API does not know of it. */
	known?: boolean;
}

/** Makes a stage; `name` as for a lab. The daemon has not been started. */
export function createPolicyStage(name: string, options: Pick<ClusterOptions, "style"> = {}): PolicyStage {
	const lab = createLab(name);
	try {
		return setUp(lab, options);
	} catch (error) {
		lab.close();
		throw error;
	}
}

function setUp(lab: Lab, options: Pick<ClusterOptions, "style">): PolicyStage {
	const cluster = createCluster(lab, { nodes: 2, ...options });
	const [node1, node2] = [cluster.node(1), cluster.node(2)];
	const manifests = new ManifestDirectory(lab);
	for (const namespace of ["shop", "dev"]) manifests.setNamespace(namespace, { team: namespace });
	for (const node of cluster.nodes)
		manifests.setNode({ name: node.name, addresses: [node.IPv4, node.IPv6], zone: "a" });
	let started: Daemon | undefined;
	const stage: PolicyStage = {
		lab,
		cluster,
		node1,
		node2,
		client: cluster.client,
		manifests,
		get daemon(): Daemon {
			if (!started) throw new Error("no daemon was started");
			return started;
		},
		async pod(podName, { labels = {}, node = node1, ports = [], known = true, ...options } = {}) {
			const [, own = ""] = podName.split("/");
			const pod = node.pod(own, options);
			if (!options.late) await serve(pod);
			const ips = [pod.IPv4, pod.IPv6];
			if (known) manifests.setPod({ pod: podName, labels, node: node.name, ips, ports });
			return pod;
		},
		async change(change) {
			const from = stage.daemon.lines.length;
			change();
			return stage.daemon.report(from);
		},
		async start(args = []) {
			started = node1.startKproxy({
				manifests: manifests.path,
				args: ["--policy", "--cluster-cidr", "10.244.0.0/16,fd00:10:244::/48", ...args],
			});
			await started.synced();
			return started;
		},
		close: () => lab.close(),
	};
	return stage;
}

/** Answers with its name over both protocols and families. */
export async function serve(host: Host, port = PORT): Promise<void> {
	for (const protocol of PROTOCOLS) await host.listen({ protocol, port });
}

/** `host` answers at this port over every family and protocol asked for, or stays silent. */
export async function expectReach(
	t: ExecutionContext,
	from: Host,
	to: Host,
	{ passes, protocols = PROTOCOLS, port = PORT, note = "" }: Expectation,
): Promise<void> {
	for (const family of FAMILIES) {
		for (const protocol of protocols) {
			const target: DialOptions = { protocol, address: to[family], port, ...ownPort(protocol) };
			const dial = await from.dial(passes ? target : { ...target, timeoutMs: SILENCE_MS });
			const found = dial.error ?? "answered";
			t.is(
				found,
				passes ? "answered" : "TIMEOUT",
				`${from.name} to ${to.name} ${protocol} ${family} ${note}`,
			);
		}
	}
}

export interface Expectation {
	passes: boolean;
	protocols?: readonly ("TCP" | "UDP")[];
	port?: number;
	note?: string;
}
