/** `scripts/demo`: see its --help. */
import { parseArgs } from "node:util";
import { BUILT, type Daemon } from "../../kproxy/test/lab/daemon.ts";
import { sweepLabs } from "../../kproxy/test/lab/lab.ts";
import { dialWithAffinity } from "./affinity.ts";
import { DIALS, dialClusterIPs } from "./dialling.ts";
import { offer, openShell, playDetached, stay, stop } from "./keep.ts";
import { dialLoadBalancers, dialNodePorts } from "./outside.ts";
import { isolateWeb } from "./policy.ts";
import { detail, headline, step } from "./print.ts";
import { scaleAway } from "./scaling.ts";
import { type Stage, setStage } from "./stage.ts";

try {
	process.exitCode = await main();
} catch (error) {
	console.error(`demo: ${error instanceof Error ? error.message : error}`);
	process.exitCode = 1;
}

async function main(): Promise<number> {
	const { values } = parseArgs({
		options: {
			keep: { type: "boolean" },
			shell: { type: "boolean" },
			stop: { type: "boolean" },
			/** Set by --keep on the process that stays. */
			detached: { type: "boolean" },
		},
	});
	if (values.shell) return openShell();
	sweepLabs();
	if (values.stop) return stop();
	if (values.keep) return playDetached();
	return play(values.detached ?? false);
}

async function play(keep: boolean): Promise<number> {
	const startedMs = performance.now();
	headline("kproxy demo: Services answered in the kernel, by sockets where it can, else packet by packet");
	const stage = await raiseCurtain();
	using lab = stage.lab;
	const daemons = await startKproxy(stage);
	const problems = await playAll(stage, daemons);
	if (problems.length === 0 && keep) {
		offer(stage);
		await stay();
	}
	await Promise.all(daemons.map((daemon) => daemon.end("SIGTERM")));
	lab.close();
	step("Cleaned up: namespaces, cgroups, programs and maps are gone");
	return conclude(problems, (performance.now() - startedMs) / 1000);
}

async function raiseCurtain(): Promise<Stage> {
	step("Two nodes, seven pods and a client outside, made of network namespaces");
	const stage = await setStage();
	const { cluster, servers, pod, sandboxed, client } = stage;
	for (const { name, IPv4, IPv6 } of [...cluster.nodes, client]) detail(`${columns(name, IPv4, IPv6)}`);
	for (const { name, IPv4, IPv6, node } of servers)
		detail(columns(name, IPv4, `${IPv6}  serves, on ${node}`));
	detail(columns("pod", pod.IPv4, `${pod.IPv6}  dials, on ${pod.node}`));
	detail(columns("sandboxed", sandboxed.IPv4, `${sandboxed.IPv6}  dials, and no socket hook sees it`));
	return stage;
}

function columns(name: string, IPv4: string, rest: string): string {
	return `${name.padEnd(10)} ${IPv4.padEnd(13)} ${rest}`;
}

async function startKproxy(stage: Stage): Promise<Daemon[]> {
	step("kproxy run, on each node, with the manifests of kproxy/examples");
	const daemons = stage.cluster.nodes.map((node) =>
		node.startKproxy({ manifests: stage.manifests, kproxy: BUILT, args: ["--policy"] }),
	);
	for (const [index, daemon] of daemons.entries()) {
		const { readMs } = await daemon.synced();
		detail(`node-${index + 1} in sync ${((readMs - daemon.startedMs) / 1000).toFixed(1)} s after its start`);
	}
	return daemons;
}

/** Returns what is not as it should be. */
async function playAll(stage: Stage, daemons: readonly Daemon[]): Promise<string[]> {
	step("What the kernel of node-1 holds now: kproxy frontends --service shop-local");
	detail(kproxy(stage, ["frontends", "--service", "shop-local"]));
	step(`${DIALS} dials of each ClusterIP, from a pod, a sandboxed pod and the node: who answered`);
	const problems = await dialClusterIPs(stage);
	step("A NodePort, from outside at both nodes: who answered, and what address it saw");
	problems.push(...(await dialNodePorts(stage)));
	step("Load balancer addresses, from outside: shop, and shop-local with externalTrafficPolicy Local");
	problems.push(...(await dialLoadBalancers(stage)));
	step("Session affinity, and kproxy affinity");
	problems.push(...(await dialWithAffinity(stage)));
	detail(kproxy(stage, ["affinity"]));
	step("What is translated packet by packet: kproxy conntrack --all --service shop");
	detail(firstLines(kproxy(stage, ["conntrack", "--all", "--service", "shop"]), 5));
	step(
		"A backend is scaled away while clients go on dialling, a pod the ClusterIPs, one outside the NodePort",
	);
	problems.push(...(await scaleAway(stage, daemons)));
	step("A NetworkPolicy lets only `pod` reach the web pods: who still may, and what kproxy drops says");
	problems.push(...(await isolateWeb(stage, daemons)));
	detail(kproxy(stage, ["drops", "--pod", "default/sandboxed", "--reason", "POLICY_INGRESS"]));
	step("kproxy policy --explain default/sandboxed default/web-1 8080/TCP");
	detail(explain(stage, ["default/sandboxed", "default/web-1", "8080/TCP"]));
	step("kproxy status, beginning and end: what is attached, and what became of calls and packets");
	const paragraphs = kproxy(stage, ["status"]).trimEnd().split("\n\n");
	detail([paragraphs.at(0), paragraphs.at(-1)].join("\n\n"));
	return problems;
}

function firstLines(text: string, count: number): string {
	const lines = text.trimEnd().split("\n");
	return [...lines.slice(0, count), `and ${lines.length - count} more`].join("\n");
}

/** Runs a command of kproxy on node 1; throws what it said where it does not end well. */
function kproxy({ node1 }: Stage, args: readonly string[]): string {
	const { status, stdout, stderr } = node1.kproxy(args, BUILT);
	if (status !== 0) throw new Error(`kproxy ${args.join(" ")} ended with ${status}: ${stderr || stdout}`);
	return stdout;
}

/** Like `kproxy`, for a question whose answer is no. */
function explain({ node1 }: Stage, question: readonly string[]): string {
	const { status, stdout, stderr } = node1.kproxy(["policy", "--explain", ...question], BUILT);
	if (status !== 1) throw new Error(`kproxy policy --explain ended with ${status}: ${stderr || stdout}`);
	return stdout.split("\n\n")[0] ?? "";
}

function conclude(problems: readonly string[], seconds: number): number {
	for (const problem of problems) console.error(`demo: ${problem}`);
	headline(
		problems.length > 0
			? "\ndemo: not as it should be"
			: `\ndemo: all as it should be, in ${seconds.toFixed(1)} s`,
	);
	return problems.length > 0 ? 1 : 0;
}
