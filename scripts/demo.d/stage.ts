import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Agent } from "../../kproxy/test/lab/agent.ts";
import { createLab, type Lab } from "../../kproxy/test/lab/lab.ts";
import { createNode, type LabNode } from "../../kproxy/test/lab/node.ts";
import type { Pod } from "../../kproxy/test/lab/pod.ts";

const EXAMPLES = fileURLToPath(new URL("../../kproxy/examples", import.meta.url));

/** Pods in the order of their addresses in the examples, and what each serves. */
const PODS = [
	{ name: "web-1", port: 8080, protocols: ["TCP"] },
	{ name: "web-2", port: 8080, protocols: ["TCP"] },
	{ name: "web-3", port: 8080, protocols: ["TCP"] },
	{ name: "dns-1", port: 5353, protocols: ["UDP", "TCP"] },
	{ name: "dns-2", port: 5353, protocols: ["UDP", "TCP"] },
] as const;

/** Everything the demo plays on. */
export interface Stage {
	lab: Lab;
	node: LabNode;
	pods: readonly Pod[];
	/** Dials from the node, in the cgroup that kproxy serves. */
	client: Agent;
	/** A copy of the examples, to change. */
	manifests: string;
}

/** Makes the node, its pods with a server in each, a client and a copy of the manifests. */
export async function setStage(): Promise<Stage> {
	const lab = createLab("demo");
	const node = createNode(lab);
	const pods = PODS.map(({ name }) => node.pod(name));
	await Promise.all(pods.map((pod) => serve(lab, pod)));
	const client = await lab.agent("client", { namespace: node.namespace, cgroup: "clients" });
	const manifests = join(lab.directory, "manifests");
	cpSync(EXAMPLES, manifests, { recursive: true });
	return { lab, node, pods, client, manifests };
}

async function serve(lab: Lab, pod: Pod): Promise<void> {
	const agent = await lab.agent(pod.name, { namespace: pod.namespace, cgroup: "others" });
	const server = PODS.find(({ name }) => name === pod.name);
	for (const protocol of server?.protocols ?? []) {
		for (const address of [pod.IPv4, pod.IPv6])
			await agent.listen({ protocol, address, port: server?.port ?? 0 });
	}
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
