/** `kproxy policy` over what a daemon enforces: pods, rules, and verdicts with their reasons. */
import test from "ava";
import { sweepLabs } from "../../lab/lab.ts";
import type { Pod } from "../../lab/pod.ts";
import { createPolicyStage, PORT, type PolicyStage } from "./stage.ts";

let stage: PolicyStage;
let web: Pod;
let shopper: Pod;
let remote: Pod;

const SERVICE = "10.96.0.10";

test.before(async () => {
	sweepLabs();
	stage = createPolicyStage("policy-show");
	web = await stage.pod("shop/web", { labels: { app: "web" } });
	shopper = await stage.pod("shop/shopper", { labels: { app: "shopper" } });
	remote = await stage.pod("dev/remote", { node: stage.node2 });
	await stage.pod("dev/quiet", { labels: { quiet: "yes" } });
	stage.manifests.setPolicy("shop/web", {
		podSelector: { matchLabels: { app: "web" } },
		policyTypes: ["Ingress"],
		ingress: [
			{
				from: [{ podSelector: { matchLabels: { app: "shopper" } } }],
				ports: [{ port: PORT }, { protocol: "UDP", port: 5000, endPort: 5010 }],
			},
			{ from: [{ ipBlock: { cidr: "198.51.100.0/24" } }] },
			{ from: [{ podSelector: { matchLabels: { app: "nobody" } } }] },
			{ ports: [{ protocol: "TCP", port: 443 }] },
		],
	});
	stage.manifests.setPolicy("dev/quiet", {
		podSelector: { matchLabels: { quiet: "yes" } },
		policyTypes: ["Egress"],
	});
	const ports = [{ name: "tcp", protocol: "TCP" as const, port: 80, targetPort: PORT }];
	stage.manifests.set({ name: "web", clusterIPs: [SERVICE], ports, endpoints: [web.IPv4] });
	await stage.start();
});

test.after.always(() => stage?.close());

const policy = (...args: string[]) => stage.node1.kproxy(["policy", ...args]);
const explain = (...args: string[]) => policy("--explain", ...args);

test.serial("the pods of this node, and what isolates them", (t) => {
	const { stdout } = policy();
	const rows = stdout
		.trimEnd()
		.split("\n")
		.map((line) => line.split(/ {2,}/));
	t.deepEqual(
		rows.map(([pod, , , isolated, policies]) => [pod, isolated, policies]),
		[
			["POD", "ISOLATED", "POLICIES"],
			["dev/quiet", "egress", "dev/quiet"],
			["shop/shopper", "no", "none"],
			["shop/web", "ingress", "shop/web"],
		],
	);
	const { enforced, pods } = JSON.parse(policy("-o", "json").stdout);
	t.true(enforced);
	t.like(pods[2], { pod: "shop/web", interface: "pod2", isolated: { ingress: true, egress: false } });
	t.deepEqual([...pods[2].addresses].sort(), [web.IPv4, web.IPv6].sort());
});

test.serial("what applies to a pod, rule by rule, with the flows it has let pass", async (t) => {
	await shopper.dial({ protocol: "TCP", address: web.IPv4, port: PORT });
	const { rules } = JSON.parse(policy("shop/web", "-o", "json").stdout);
	t.deepEqual(
		rules.map(({ index, ports, everybody, pods, blocks }: Record<string, unknown>) => [
			index,
			ports,
			everybody,
			pods,
			blocks,
		]),
		[
			[0, ["TCP 8080", "UDP 5000-5010"], false, ["shop/shopper"], []],
			[1, ["all ports"], false, [], ["198.51.100.0/24"]],
			[2, [], false, [], []],
			[3, ["TCP 443"], true, [], []],
		],
	);
	t.is(rules[0].hits, "1");
	t.is(rules[1].hits, "0");
	const { stdout } = policy("shop/web");
	t.regex(stdout, /^isolated: +ingress$/m);
	t.regex(stdout, /^ingress +shop\/web +0 +shop\/shopper +TCP 8080, UDP 5000-5010 +1$/m);
	t.regex(stdout, /^ingress +shop\/web +3 +everybody +TCP 443 +0$/m);
	t.regex(policy("shop/shopper").stdout, /none: everything passes/);
});

test.serial("an explanation names the rule that allows", (t) => {
	const { status, stdout } = explain("shop/shopper", "shop/web", `${PORT}/TCP`);
	t.is(status, 0, explain("shop/shopper", "shop/web", `${PORT}/TCP`, "--verbose").stderr);
	const [IPv4 = "", IPv6 = ""] = stdout.split("\n\n");
	for (const text of [IPv4, IPv6]) {
		t.regex(text, /^shop\/shopper > shop\/web 8080\/TCP: allowed$/m);
		t.regex(text, /^ {2}egress of shop\/shopper: allowed, no policy isolates it$/m);
		t.regex(text, /^ {2}ingress of shop\/web: allowed, by shop\/web ingress 0$/m);
	}
});

test.serial("a denial names who isolates, and the nearest rule", (t) => {
	const other = explain("shop/shopper", "shop/web", `${PORT + 1}/TCP`);
	t.is(other.status, 1);
	t.regex(other.stdout, /: denied \[POLICY_INGRESS\]$/m);
	t.regex(other.stdout, /^ {2}ingress of shop\/web: denied, isolated by shop\/web$/m);
	t.regex(other.stdout, /nearest: shop\/web ingress 0 allows this peer, but TCP 8080, UDP 5000-5010 only/);
	const stranger = explain(remote.IPv4, "shop/web", `${PORT}/TCP`);
	t.is(stranger.status, 1);
	t.regex(stranger.stdout, /nearest: shop\/web ingress 3 allows this peer, but TCP 443 only/);
	const quiet = explain("dev/quiet", "shop/web", "443");
	t.is(quiet.status, 1);
	t.regex(
		quiet.stdout,
		/egress of dev\/quiet: denied, isolated by dev\/quiet\n {4}no rule allows this peer or this port/,
	);
});

test.serial("a Service is explained by its backend", (t) => {
	const { status, stdout } = explain("shop/shopper", SERVICE, "80/TCP");
	t.is(status, 0, stdout);
	t.regex(stdout, /the Service leads to shop\/web port 8080/);
	t.regex(stdout, /ingress of shop\/web: allowed, by shop\/web ingress 0/);
});

test.serial(
	"a denial of a Service is of its backend, too, whatever rules say of the Service's own address",
	async (t) => {
		await stage.change(() =>
			stage.manifests.setPolicy("dev/quiet", {
				podSelector: { matchLabels: { quiet: "yes" } },
				policyTypes: ["Egress"],
				egress: [{ to: [{ ipBlock: { cidr: `${SERVICE}/32` } }] }],
			}),
		);
		const { status, stdout } = explain("dev/quiet", SERVICE, "80/TCP");
		t.is(status, 1, stdout);
		t.regex(stdout, /the Service leads to shop\/web port 8080/);
		t.regex(stdout, /egress of dev\/quiet: denied, isolated by dev\/quiet/);
		t.notRegex(stdout, /please report/);
		await stage.change(() =>
			stage.manifests.setPolicy("dev/quiet", {
				podSelector: { matchLabels: { quiet: "yes" } },
				policyTypes: ["Egress"],
			}),
		);
	},
);

test.serial("addresses outside, this node's own and pods elsewhere", (t) => {
	t.is(explain("198.51.100.7", "shop/web", "1/UDP").status, 0);
	t.is(explain("192.0.2.77", "shop/web", "1/UDP").status, 1);
	t.is(explain(stage.node1.IPv4, "shop/web", "1/UDP").status, 0);
	t.regex(explain(remote.IPv4, stage.client.IPv4, "1/UDP").stdout, /nothing is judged here/);
});

test.serial("an explanation leaves nothing behind", (t) => {
	const counted = () => JSON.parse(stage.node1.kproxy(["status", "-o", "json"]).stdout).outcomes;
	const before = counted();
	const hits = JSON.parse(policy("shop/web", "-o", "json").stdout).rules[0].hits;
	explain("shop/shopper", "shop/web", `${PORT + 1}/TCP`);
	explain("shop/shopper", "shop/web", `${PORT}/TCP`);
	t.deepEqual(
		counted().filter(({ refused }: { refused: boolean }) => refused),
		before.filter(({ refused }: { refused: boolean }) => refused),
	);
	t.is(JSON.parse(policy("shop/web", "-o", "json").stdout).rules[0].hits, hits);
	t.is(stage.node1.kproxy(["drops"]).stdout, "");
});

test.serial("explanations agree with real dials", async (t) => {
	for (const [from, name] of [
		[shopper, "shop/shopper"],
		[remote, "dev/remote"],
	] as const) {
		for (const port of [PORT, PORT + 1, 443]) {
			const dial = await from.dial({ protocol: "TCP", address: web.IPv4, port, timeoutMs: 1_000 });
			const { status } = explain(name, "shop/web", `${port}/TCP`);
			t.is(status === 1, dial.error === "TIMEOUT", `${name} ${port} ${dial.error}`);
		}
	}
});

test.serial("bad questions get one line that says what to write", (t) => {
	for (const [args, message] of [
		[["shop/wbe"], /no pod shop\/wbe .*did you mean shop\/web\?/s],
		[["dev/remote"], /behind no interface of this node/],
		[["--explain", "web", "shop/web", "80"], /NAMESPACE\/NAME or addresses/],
		[["--explain", "shop/web", "shop/web", "http"], /PORT\/TCP/],
		[["--explain", "shop/web", "shop/web"], /explain/],
		[["shop/web", "--explain", "shop/web", "shop/web", "80"], /two questions/],
	] as const) {
		const { status, stderr } = policy(...args);
		t.is(status, 2, `${args.join(" ")}: ${stderr}`);
		t.regex(stderr, message);
	}
});
