/** `kproxy drops` after real packets were dropped and dials refused: what, who, where, why. */
import { once } from "node:events";
import test from "ava";
import { kproxyCommand, SOURCE } from "../../lab/daemon.ts";
import { sweepLabs } from "../../lab/lab.ts";
import type { Pod } from "../../lab/pod.ts";
import { createPolicyStage, PORT, type PolicyStage, SILENCE_MS } from "./stage.ts";

let stage: PolicyStage;
let web: Pod;
let shopper: Pod;
let sandboxed: Pod;

const SERVICE = "10.96.0.10";
const EMPTY = "10.96.0.99";

test.before(async () => {
	sweepLabs();
	stage = createPolicyStage("policy-drops");
	web = await stage.pod("shop/web", { labels: { app: "web" } });
	shopper = await stage.pod("shop/shopper", { labels: { app: "shopper" } });
	sandboxed = await stage.pod("dev/sandboxed", { hook: false });
	stage.manifests.setPolicy("shop/web", {
		podSelector: { matchLabels: { app: "web" } },
		policyTypes: ["Ingress"],
		ingress: [{ from: [{ ipBlock: { cidr: "198.51.100.0/24" } }] }, { ports: [{ port: PORT + 1 }] }],
	});
	stage.manifests.setPolicy("dev/quiet", { podSelector: {}, policyTypes: ["Egress"] });
	for (const [name, address, endpoints] of [
		["web", SERVICE, [web.IPv4]],
		["empty", EMPTY, []],
	] as const) {
		const ports = [{ name: "tcp", protocol: "TCP" as const, port: 80, targetPort: PORT }];
		stage.manifests.set({ name, clusterIPs: [address], ports, endpoints: [...endpoints] });
	}
	await web.listen({ protocol: "TCP", port: PORT + 1 });
	await stage.start(["--policy-events", "all"]);
});

test.after.always(() => stage?.close());

const drops = (...args: string[]) => stage.node1.kproxy(["drops", ...args]);

async function dial(from: Pod, address: string, port: number): Promise<void> {
	await from.dial({ protocol: "TCP", address, port, timeoutMs: SILENCE_MS });
}

test.serial("nothing was dropped yet, and it says so", (t) => {
	const { status, stdout, stderr } = drops();
	t.is(status, 0);
	t.is(stdout, "");
	t.regex(stderr, /nothing that matches/);
});

test.serial("a default deny names the pods, the interface and the policies that isolate", async (t) => {
	await dial(shopper, web.IPv4, PORT);
	const { stdout } = drops("--pod", "shop/web");
	t.regex(
		stdout,
		new RegExp(
			`^\\d{4}-\\d\\d-\\d\\d [\\d:.]+ dropped TCP ${shopper.IPv4}:\\d+ \\(shop/shopper\\) > ${web.IPv4}:${PORT} \\(shop/web\\) ` +
				`to the pod behind pod2: no rule of shop/web, which isolates the pod's ingress, allows it \\[POLICY_INGRESS\\]\n`,
		),
	);
	const [drop] = JSON.parse(drops("-o", "json", "--reason", "policy_ingress").stdout).drops;
	t.like(drop, {
		reason: "POLICY_INGRESS",
		refused: true,
		hook: "POD",
		direction: "EGRESS",
		protocol: "TCP",
		from: { address: shopper.IPv4, pod: "shop/shopper" },
		to: { address: web.IPv4, port: PORT, pod: "shop/web" },
		interface: "pod2",
		policy: { direction: "ingress", isolatedBy: ["shop/web"] },
	});
	t.true(Math.abs(Date.now() - drop.atMs) < 60_000);
});

test.serial("behind a Service the backend is named that was judged", async (t) => {
	await dial(sandboxed, SERVICE, 80);
	const [drop] = JSON.parse(drops("-o", "json", "--pod", "dev/sandboxed").stdout).drops;
	t.regex(
		drops("--pod", "dev/sandboxed").stdout,
		/isolates the pod's egress, allows it to \S+:8080 \(shop\/web\) \[/,
	);
	t.like(drop, {
		reason: "POLICY_EGRESS",
		to: { address: SERVICE, port: 80 },
		policy: { peer: { address: web.IPv4, port: PORT, pod: "shop/web" }, isolatedBy: ["dev/quiet"] },
	});
});

test.serial("a dial that a socket hook refuses is one of them", async (t) => {
	await dial(shopper, EMPTY, 80);
	const { stdout } = drops("--reason", "NO_BACKEND");
	t.regex(
		stdout,
		/rejected TCP a socket > 10\.96\.0\.99:80 at connect\(\): the frontend has no backend \[NO_BACKEND\]\n$/,
	);
});

test.serial("new flows that pass, by which rule, when asked for", async (t) => {
	await dial(shopper, web.IPv4, PORT + 1);
	t.notRegex(drops().stdout, /FLOW_ALLOWED/);
	const { stdout } = drops("--allowed", "--pod", "shop/web");
	t.regex(
		stdout,
		/passed TCP .* \(shop\/shopper\) > .*:8081 \(shop\/web\) to the pod behind pod2: by shop\/web ingress 1 \[FLOW_ALLOWED\]/,
	);
});

test.serial("--since leaves out what is older, and bad flags say what to write", async (t) => {
	await new Promise((resolve) => setTimeout(resolve, 1100));
	t.is(drops("--since", "1s").stdout, "");
	t.not(drops("--since", "1h").stdout, "");
	for (const [args, message] of [
		[["--since", "soon"], /--since takes a span of time/],
		[["--reason", "POLICY_INGRES"], /did you mean POLICY_INGRESS/],
		[["--reason", "TRANSLATED"], /choose one of/],
		[["--pod", "web"], /NAMESPACE\/NAME/],
	] as const) {
		const { status, stderr } = drops(...args);
		t.is(status, 2);
		t.regex(stderr, message);
	}
});

test.serial("--follow shows what comes, until it is interrupted", async (t) => {
	const command = [...SOURCE, "drops", "--follow", "--bpffs", stage.node1.bpffs];
	const child = stage.lab.spawn({
		namespace: stage.node1.namespace,
		cgroup: "others",
		command,
		stdio: ["ignore", "pipe", "pipe"],
	});
	let printed = "";
	child.stdout?.on("data", (text) => {
		printed += text;
	});
	// What was before is not shown; it has begun by the time of some later dial.
	for (let dials = 0; dials < 50 && printed === ""; dials++) await dial(shopper, web.IPv4, PORT);
	t.regex(printed, /^\S+ \S+ dropped TCP .* \[POLICY_INGRESS\]\n/);
	const exit = once(child, "exit");
	child.kill("SIGINT");
	t.deepEqual(await exit, [0, null]);
});

test.serial("without a dataplane it says so", (t) => {
	const { status, stderr } = kproxyCommand(
		{ bpffs: `${stage.lab.bpffs}/nowhere`, within: stage.node1.namespace },
		["drops"],
	);
	t.is(status, 3);
	t.regex(stderr, /no kproxy dataplane/);
});
