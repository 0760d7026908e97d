/** Real connections between pods while the daemon enforces what manifests say. */
import test from "ava";
import { sweepLabs } from "../../lab/lab.ts";
import type { Pod } from "../../lab/pod.ts";
import {
	createPolicyStage,
	expectReach,
	FAMILIES,
	PORT,
	type PolicyStage,
	SILENCE_MS,
	serve,
} from "./stage.ts";

/** Where the shopper answers for as long as a connection lasts. */
const ECHO_PORT = PORT + 5;

let stage: PolicyStage;
let web: Pod;
let shopper: Pod;
let remote: Pod;
let stranger: Pod;

const DENY_WEB = { podSelector: { matchLabels: { app: "web" } }, policyTypes: ["Ingress"] };
const allowing = (from: object[], ports?: object[]) => ({
	...DENY_WEB,
	ingress: [{ from, ...(ports && { ports }) }],
});

test.before(async () => {
	sweepLabs();
	stage = createPolicyStage("policy-daemon");
	web = await stage.pod("shop/web", { labels: { app: "web" } });
	shopper = await stage.pod("shop/shopper", { labels: { app: "shopper" } });
	remote = await stage.pod("shop/remote", { labels: { app: "shopper" }, node: stage.node2 });
	stranger = await stage.pod("dev/stranger");
	await shopper.listen({ protocol: "TCP", port: ECHO_PORT, echo: true });
	for (const family of FAMILIES) stage.cluster.route(web[family], stage.node1);
	await stage.start();
});

test.after.always(() => stage?.close());

test.serial("without policies everybody reaches everybody", async (t) => {
	for (const from of [shopper, remote, stranger, stage.client, stage.node1])
		await expectReach(t, from, web, { passes: true });
	await expectReach(t, web, remote, { passes: true });
});

test.serial("a default deny lets the own node in, and nobody else", async (t) => {
	await stage.change(() => stage.manifests.setPolicy("shop/web", DENY_WEB));
	for (const from of [shopper, remote, stranger, stage.client])
		await expectReach(t, from, web, { passes: false });
	await expectReach(t, stage.node1, web, { passes: true });
	await expectReach(t, web, remote, { passes: true, note: "egress is not isolated" });
	await expectReach(t, shopper, remote, { passes: true });
});

test.serial("peers by label, namespace and block, on both nodes", async (t) => {
	await stage.change(() =>
		stage.manifests.setPolicy("shop/web", allowing([{ podSelector: { matchLabels: { app: "shopper" } } }])),
	);
	for (const from of [shopper, remote]) await expectReach(t, from, web, { passes: true });
	await expectReach(t, stranger, web, { passes: false });
	await stage.change(() =>
		stage.manifests.setPolicy(
			"shop/web",
			allowing([{ namespaceSelector: { matchLabels: { team: "dev" } } }]),
		),
	);
	await expectReach(t, shopper, web, { passes: false });
	await expectReach(t, stranger, web, { passes: true });
	const { IPv4, IPv6 } = stage.client;
	const blocks = [{ ipBlock: { cidr: `${IPv4}/32` } }, { ipBlock: { cidr: `${IPv6}/128` } }];
	await stage.change(() => stage.manifests.setPolicy("shop/web", allowing(blocks)));
	await expectReach(t, stage.client, web, { passes: true });
	await expectReach(t, remote, web, { passes: false });
});

test.serial("ports, protocols and names", async (t) => {
	await serve(web, PORT + 1);
	await stage.change(() =>
		stage.manifests.setPolicy(
			"shop/web",
			allowing([], [{ protocol: "TCP", port: PORT }, { protocol: "UDP" }]),
		),
	);
	await expectReach(t, shopper, web, { passes: true, protocols: ["TCP"] });
	await expectReach(t, shopper, web, { passes: false, protocols: ["TCP"], port: PORT + 1 });
	await expectReach(t, shopper, web, { passes: true, protocols: ["UDP"], port: PORT + 1 });
	await stage.change(() => {
		stage.manifests.setPod({
			pod: "shop/web",
			labels: { app: "web" },
			node: stage.node1.name,
			ips: [web.IPv4, web.IPv6],
			ports: [{ name: "http", containerPort: PORT + 1 }],
		});
		stage.manifests.setPolicy("shop/web", allowing([], [{ protocol: "TCP", port: "http" }]));
	});
	await expectReach(t, shopper, web, { passes: true, protocols: ["TCP"], port: PORT + 1 });
	await expectReach(t, shopper, web, { passes: false, protocols: ["TCP"] });
});

test.serial("datagrams in fragments are judged by the port that the first of them has", async (t) => {
	await web.listen({ protocol: "UDP", port: PORT + 2, echo: true });
	await web.listen({ protocol: "UDP", port: PORT + 3, echo: true });
	await stage.change(() =>
		stage.manifests.setPolicy("shop/web", allowing([], [{ protocol: "UDP", port: PORT + 2 }])),
	);
	for (const family of FAMILIES) {
		const target = { protocol: "UDP", address: web[family], bytes: 6_000 } as const;
		const allowed = await shopper.dial({ ...target, port: PORT + 2 });
		t.deepEqual(allowed.echoed, { bytes: 6_000, intact: true }, `${family} ${allowed.error}`);
		const denied = await shopper.dial({ ...target, port: PORT + 3, timeoutMs: SILENCE_MS });
		t.is(denied.error, "TIMEOUT", family);
	}
});

test.serial("egress: what a Service leads to is judged, by socket and by packet", async (t) => {
	const sandboxed = await stage.pod("dev/sandboxed", { labels: { app: "box" }, hook: false });
	await stage.change(() => {
		stage.manifests.deletePolicy("shop/web");
		stage.manifests.set({
			name: "web",
			clusterIPs: ["10.96.0.10", "fd00:10:96::10"],
			ports: [
				{ name: "tcp", protocol: "TCP", port: 80, targetPort: PORT },
				{ name: "udp", protocol: "UDP", port: 80, targetPort: PORT },
			],
			endpoints: [web.IPv4, web.IPv6],
		});
		stage.manifests.setPolicy("dev/out", {
			podSelector: {},
			policyTypes: ["Egress"],
			egress: [{ to: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: "web" } } }] }],
		});
	});
	for (const from of [stranger, sandboxed]) {
		for (const address of ["10.96.0.10", "fd00:10:96::10"]) {
			for (const protocol of ["TCP", "UDP"] as const) {
				const dial = await from.dial({ protocol, address, port: 80 });
				t.is(dial.answer, "web", `${from.name} ${protocol} ${address} ${dial.error}`);
			}
		}
		await expectReach(t, from, remote, { passes: false });
		await expectReach(t, from, stage.client, { passes: false });
	}
	await stage.change(() =>
		stage.manifests.setPolicy("dev/out", {
			podSelector: {},
			policyTypes: ["Egress"],
			egress: [{ to: [{ ipBlock: { cidr: "10.96.0.10/32" } }] }],
		}),
	);
	for (const from of [stranger, sandboxed]) {
		const dial = await from.dial({ protocol: "TCP", address: "10.96.0.10", port: 80, timeoutMs: SILENCE_MS });
		t.is(dial.error, "TIMEOUT", "a Service's own address is no peer");
	}
	await stage.change(() => stage.manifests.deletePolicy("dev/out"));
});

test.serial("a pod that is new is isolated from its first packet", async (t) => {
	await stage.change(() => stage.manifests.setPolicy("shop/web", DENY_WEB));
	const fresh = await stage.pod("shop/fresh", { labels: { app: "web" }, known: false });
	await expectReach(t, shopper, fresh, { passes: false, note: "unknown" });
	await expectReach(t, fresh, shopper, { passes: false, note: "unknown" });
	await stage.change(() =>
		stage.manifests.setPod({
			pod: "shop/fresh",
			labels: { app: "web" },
			node: stage.node1.name,
			ips: [fresh.IPv4, fresh.IPv6],
		}),
	);
	await expectReach(t, shopper, fresh, { passes: false });
	await expectReach(t, fresh, shopper, { passes: true });
});

test.serial("an established flow goes on, with recheck it ends", async (t) => {
	for (const [established, lasts] of [
		["keep", true],
		["recheck", false],
	] as const) {
		await stage.daemon.end("SIGTERM");
		await stage.start(["--policy-established", established]);
		for (const family of FAMILIES) {
			const flow = await remote.open({ protocol: "TCP", address: shopper[family], port: ECHO_PORT });
			t.is((await flow.send()).error, undefined);
			await stage.change(() =>
				stage.manifests.setPolicy("shop/shopper", {
					podSelector: { matchLabels: { app: "shopper" } },
					policyTypes: ["Ingress"],
				}),
			);
			t.is((await flow.send(SILENCE_MS)).error, lasts ? undefined : "TIMEOUT", `${established} ${family}`);
			const dial = await remote.dial({
				protocol: "TCP",
				address: shopper[family],
				port: ECHO_PORT,
				timeoutMs: SILENCE_MS,
			});
			t.is(dial.error, "TIMEOUT");
			await flow.close({ reset: true });
			await stage.change(() => stage.manifests.deletePolicy("shop/shopper"));
		}
	}
});

test.serial("a connection from before policy goes on, with recheck it ends", async (t) => {
	for (const [established, lasts] of [
		["keep", true],
		["recheck", false],
	] as const) {
		await stage.daemon.end("SIGTERM");
		const plain = stage.node1.startKproxy({ manifests: stage.manifests.path });
		await plain.synced();
		const flow = await remote.open({ protocol: "TCP", address: shopper.IPv4, port: ECHO_PORT });
		t.is((await flow.send()).error, undefined);
		await plain.end("SIGTERM");
		stage.manifests.setPolicy("shop/shopper", {
			podSelector: { matchLabels: { app: "shopper" } },
			policyTypes: ["Ingress"],
		});
		await stage.start(["--policy-established", established]);
		t.is((await flow.send(SILENCE_MS)).error, lasts ? undefined : "TIMEOUT", established);
		await expectReach(t, remote, shopper, { passes: false });
		await flow.close({ reset: true });
		await stage.change(() => stage.manifests.deletePolicy("shop/shopper"));
	}
});

test.serial("a source that is not the pod's own goes nowhere", async (t) => {
	shopper.namespace.run("ip", ["address", "add", "10.244.99.9/32", "dev", "lo"]);
	const dial = await shopper.dial({
		protocol: "UDP",
		address: stranger.IPv4,
		port: PORT,
		localAddress: "10.244.99.9",
		timeoutMs: SILENCE_MS,
	});
	t.is(dial.error, "TIMEOUT");
	const { stdout } = stage.node1.kproxy(["status", "-o", "json"]);
	const outcomes = JSON.parse(stdout).outcomes as { reason: string; packets: number }[];
	t.truthy(outcomes.find(({ reason }) => reason === "SPOOFED_SOURCE"));
});

test.serial(
	"what was enforced goes on without a daemon, and ends with one that is not asked for it",
	async (t) => {
		await stage.daemon.end("SIGKILL");
		await expectReach(t, shopper, web, { passes: false });
		await expectReach(t, web, shopper, { passes: true });
		const plain = stage.node1.startKproxy({ manifests: stage.manifests.path });
		await plain.synced();
		t.truthy(plain.lines.find(({ msg }) => msg.includes("not enforced any more")));
		await expectReach(t, shopper, web, { passes: true });
		t.is(await plain.end("SIGTERM"), 0);
		await stage.start();
		await expectReach(t, shopper, web, { passes: false });
	},
);
