import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Cluster, createCluster } from "../../kproxy/test/lab/cluster.ts";
import type { Host } from "../../kproxy/test/lab/host.ts";
import { createLab, type Lab } from "../../kproxy/test/lab/lab.ts";
import type { LabNode } from "../../kproxy/test/lab/node.ts";
import type { Pod } from "../../kproxy/test/lab/pod.ts";
import { namespaceObject, type PodManifest, podObject } from "../../kproxy/test/lab/policy-objects.ts";

const EXAMPLES = fileURLToPath(new URL("../../kproxy/examples", import.meta.url));

/** Servers, on each node in the order of their addresses in the examples. */
const SERVERS = [
	{ name: "web-1", node: 1, port: 8080, protocols: ["TCP"] },
	{ name: "web-2", node: 1, port: 8080, protocols: ["TCP"] },
	{ name: "web-3", node: 2, port: 8080, protocols: ["TCP"] },
	{ name: "dns-1", node: 1, port: 5353, protocols: ["UDP", "TCP"] },
	{ name: "dns-2", node: 2, port: 5353, protocols: ["UDP", "TCP"] },
] as const;

/** Everything the demo plays on. */
export interface Stage {
	lab: Lab;
	cluster: Cluster;
	node1: LabNode;
	node2: LabNode;
	/** Pods that serve. */
	servers: readonly Pod[];
	/** A pod on node 1 that dials. */
	pod: Pod;
	/** Another, whose sockets no hook of the node sees. */
	sandboxed: Pod;
	/** Outside the nodes. */
	client: Host;
	/** A copy of the examples, to change. */
	manifests: string;
}

/** Makes nodes, pods with a server in each, clients and a copy of the manifests. */
export async function setStage(): Promise<Stage> {
	const lab = createLab("demo");
	const cluster = createCluster(lab);
	const [node1, node2] = [cluster.node(1), cluster.node(2)];
	const servers = SERVERS.map(({ name, node }) => cluster.node(node).pod(name));
	const pod = node1.pod("pod");
	const sandboxed = node1.pod("sandboxed", { hook: false });
	const clients = [node1, pod, sandboxed, cluster.client];
	await Promise.all([...servers.map(serve), ...clients.map((each) => each.agent())]);
	const manifests = join(lab.directory, "manifests");
	cpSync(EXAMPLES, manifests, { recursive: true });
	const labelled = [
		...servers.map((server) => ({ host: server, labels: { app: server.name.split("-")[0] ?? "" } })),
		{ host: pod, labels: { role: "client" } },
		{ host: sandboxed, labels: { role: "stranger" } },
	];
	writePods(
		manifests,
		labelled.map(({ host, labels }) => ({
			pod: `default/${host.name}`,
			labels,
			node: host.node,
			ips: [host.IPv4, host.IPv6],
		})),
	);
	return { lab, cluster, node1, node2, servers, pod, sandboxed, client: cluster.client, manifests };
}

/** What an API server knows of the pods. */
function writePods(manifests: string, pods: readonly PodManifest[]): void {
	const documents = [namespaceObject("default"), ...pods.map(podObject)];
	writeFileSync(join(manifests, "pods.json"), documents.map((each) => JSON.stringify(each)).join("\n---\n"));
}

/** Puts the example of a NetworkPolicy beside the other manifests. */
export function addPolicy({ manifests, lab }: Stage): void {
	const text = readFileSync(join(EXAMPLES, "policy", "web.yaml"), "utf8");
	replaceFile(join(manifests, "policy.yaml"), { text, lab });
}

async function serve(pod: Pod): Promise<void> {
	const server = SERVERS.find(({ name }) => name === pod.name);
	for (const protocol of server?.protocols ?? []) await pod.listen({ protocol, port: server?.port ?? 0 });
}

/** Takes a pod out of every EndpointSlice, as its deletion would. Returns how many endpoints went. */
export function removePod({ manifests, lab }: Stage, pod: string): number {
	let removed = 0;
	for (const file of readdirSync(manifests).filter((name) => name.endsWith(".yaml"))) {
		const lines = readFileSync(join(manifests, file), "utf8").split("\n");
		const kept = lines.filter((line) => !line.includes(`name: ${pod} }`));
		removed += lines.length - kept.length;
		if (kept.length < lines.length) replaceFile(join(manifests, file), { text: kept.join("\n"), lab });
	}
	return removed;
}

/** In one step, so that the daemon never reads half a file. */
function replaceFile(path: string, { text, lab }: { text: string; lab: Lab }): void {
	const draft = join(lab.directory, "draft");
	writeFileSync(draft, text);
	renameSync(draft, path);
}
