import type { Addresses } from "../../lab/addresses.ts";
import { tally } from "../../lab/agent.ts";
import { type Cluster, type ClusterOptions, createCluster } from "../../lab/cluster.ts";
import type { Daemon } from "../../lab/daemon.ts";
import type { Host } from "../../lab/host.ts";
import { createLab, type Lab } from "../../lab/lab.ts";
import { ManifestDirectory } from "../../lab/manifests.ts";
import type { LabNode } from "../../lab/node.ts";
import type { EndpointManifest, ServiceManifest } from "../../lab/objects.ts";
import type { Pod } from "../../lab/pod.ts";
import type { DialOptions, Protocol } from "../../lab/protocol.ts";

export const FAMILIES = ["IPv4", "IPv6"] as const;
export const PROTOCOLS = ["TCP", "UDP"] as const;
export type Family = (typeof FAMILIES)[number];

/** Every family with every protocol that this kernel serves. */
export const WAYS = FAMILIES.flatMap((family) => PROTOCOLS.map((protocol) => ({ family, protocol })));

/** Of every Service: servers that answer and end, and servers that echo. */
export const PORT = 80;
export const ECHO_PORT = 81;
const TARGET_PORT = 8080;
const ECHO_TARGET_PORT = 8081;
/** Enough that of the hundred calls of a test file one misses a backend among four once in 4,000 runs. */
const DIALS = 50;

/** How to reach a Service; NodePorts and addresses follow from its number. */
export interface ServiceNumbers {
	clusterIP: Addresses;
	ingressIP: Addresses;
	externalIP: Addresses;
	/** Of TCP and of UDP. */
	nodePort: number;
	echoNodePort: number;
	healthPort: number;
}

/** Two nodes with two backends each, sandboxed and other clients, a client outside, and kproxy on both nodes. */
export interface Stage {
	lab: Lab;
	cluster: Cluster;
	node1: LabNode;
	node2: LabNode;
	client: Host;
	/** Servers `a1` and `b1` on node 1, `a2` and `b2` on node 2; on `TARGET_PORT`, over TCP and UDP. */
	backends: Record<"a1" | "b1" | "a2" | "b2", Pod>;
	/** Clients on node 1. */
	pod: Pod;
	sandboxed: Pod;
	daemons: readonly Daemon[];
	manifests: ManifestDirectory;
	/** Writes a Service with these endpoints and waits until both nodes have it. */
	set(service: ServiceChange): Promise<ServiceNumbers>;
	/** Takes it away again. */
	delete(name: string): Promise<void>;
	/** Kills the node's daemon, starts it again and waits until it is in sync. */
	restart(node: LabNode): Promise<void>;
	close(): void;
}

/** A Service of the stage, without what follows from its number. */
export interface ServiceChange extends Partial<Omit<ServiceManifest, "name" | "endpoints">> {
	name: string;
	number: number;
	endpoints: readonly (Pod | PodEndpoint)[];
}

/** A pod as an endpoint that is not simply ready. */
export interface PodEndpoint extends Partial<EndpointManifest> {
	pod: Pod;
}

/** How a stage differs from others. */
export interface StageOptions extends ClusterOptions {
	/** Further arguments of both daemons. */
	args?: readonly string[];
	/** Before the daemons start. */
	prepare?(cluster: Cluster): void;
}

/** Makes a stage; `name` as for a lab. */
export async function createStage(name: string, options: StageOptions = {}): Promise<Stage> {
	const lab = createLab(name);
	try {
		return await setUp(lab, options);
	} catch (error) {
		lab.close();
		throw error;
	}
}

async function setUp(lab: Lab, { args = [], prepare, ...options }: StageOptions): Promise<Stage> {
	const cluster = createCluster(lab, { nodes: 2, ...options });
	const [node1, node2] = [cluster.node(1), cluster.node(2)];
	const backends = { a1: node1.pod("a1"), b1: node1.pod("b1"), a2: node2.pod("a2"), b2: node2.pod("b2") };
	const pod = node1.pod("pod");
	const sandboxed = node1.pod("sandboxed", { hook: false });
	prepare?.(cluster);
	await Promise.all(
		Object.values(backends).flatMap((backend) => PROTOCOLS.flatMap((protocol) => serve(backend, protocol))),
	);
	const manifests = new ManifestDirectory(lab);
	manifests.setServiceCidr("services", ["10.96.0.0/16", "fd00:10:96::/112"]);
	for (const node of cluster.nodes) {
		manifests.setNode({ name: node.name, addresses: [node.IPv4, node.IPv6], zone: `zone-${node.name}` });
	}
	const start = (node: LabNode) =>
		node.startKproxy({
			manifests: manifests.path,
			args: ["--cluster-cidr", "10.244.0.0/16,fd00:10:244::/48", ...args],
		});
	const daemons = cluster.nodes.map(start);
	await Promise.all(daemons.map((daemon) => daemon.synced()));

	async function changed(change: () => void): Promise<void> {
		const from = daemons.map((daemon) => daemon.lines.length);
		change();
		await Promise.all(daemons.map((daemon, index) => daemon.report(from[index] ?? 0)));
	}
	return {
		lab,
		cluster,
		node1,
		node2,
		client: cluster.client,
		backends,
		pod,
		sandboxed,
		daemons,
		manifests,
		async set(service) {
			const numbers = numbersOf(service.number);
			await changed(() => manifests.set(toManifest(service, numbers)));
			return numbers;
		},
		delete: (name) => changed(() => manifests.delete(name)),
		async restart(node) {
			const index = cluster.nodes.indexOf(node);
			await daemons[index]?.end("SIGKILL");
			const daemon = start(node);
			daemons[index] = daemon;
			await daemon.synced();
		},
		close: () => lab.close(),
	};
}

function numbersOf(number: number): ServiceNumbers {
	return {
		clusterIP: { IPv4: `10.96.0.${number}`, IPv6: `fd00:10:96::${number}` },
		ingressIP: { IPv4: `203.0.113.${number}`, IPv6: `2001:db8:f::${number}` },
		externalIP: { IPv4: `198.51.101.${number}`, IPv6: `2001:db8:e::${number}` },
		nodePort: 30_000 + number,
		echoNodePort: 30_500 + number,
		healthPort: 32_000 + number,
	};
}

/** The servers of a backend. */
export function serve(backend: Host, protocol: Protocol): Promise<void>[] {
	return [
		backend.listen({ protocol, port: TARGET_PORT }),
		backend.listen({ protocol, port: ECHO_TARGET_PORT, echo: true }),
	];
}

function toManifest(
	change: ServiceChange,
	{ clusterIP, nodePort, echoNodePort }: ServiceNumbers,
): ServiceManifest {
	const { number: _, endpoints, ...service } = change;
	const exposed = service.type !== undefined && service.type !== "ClusterIP";
	return {
		clusterIPs: [clusterIP.IPv4, clusterIP.IPv6],
		ports: PROTOCOLS.flatMap((protocol) => [
			{
				name: protocol.toLowerCase(),
				protocol,
				port: PORT,
				targetPort: TARGET_PORT,
				...(exposed && { nodePort }),
			},
			{
				name: `echo-${protocol.toLowerCase()}`,
				protocol,
				port: ECHO_PORT,
				targetPort: ECHO_TARGET_PORT,
				...(exposed && { nodePort: echoNodePort }),
			},
		]),
		...service,
		endpoints: endpoints.flatMap(toEndpoints),
	};
}

function toEndpoints(endpoint: Pod | PodEndpoint): EndpointManifest[] {
	const { pod, ...said } =
		"pod" in endpoint && typeof endpoint.pod === "object" ? endpoint : { pod: endpoint as Pod };
	return FAMILIES.map((family) => ({ nodeName: pod.node, ...said, address: pod[family] }));
}

/** Dials that many times; the names that answered, sorted, and the errors that came, how often and when. */
export async function whoAnswers(
	host: Host,
	target: { protocol: Protocol; address: string; port: number } & Partial<DialOptions>,
	count = DIALS,
): Promise<string[]> {
	const dials = await host.dialMany({ count, concurrency: 4, ...target });
	const { answers } = tally(dials);
	const failed = dials.filter(({ error }) => error !== undefined);
	const errors = failed.map(
		({ error, startedMs, tookMs }) =>
			`${error} after ${Math.round(tookMs)} ms, ${Math.round(startedMs - (dials[0]?.startedMs ?? 0))} ms after the first`,
	);
	return [...Object.keys(answers), ...errors].sort();
}

/** One dial: what it found, or its error. */
export async function dialOnce(
	host: Host,
	target: { protocol: Protocol; address: string; port: number } & Partial<DialOptions>,
) {
	return host.dial({ timeoutMs: 1_000, ...target });
}

/** Address part of `address:port`, without the mapping of IPv4. */
export function addressOf(seenAs: string | undefined): string | undefined {
	return seenAs?.slice(0, seenAs.lastIndexOf(":")).replace(/^::ffff:/, "");
}
