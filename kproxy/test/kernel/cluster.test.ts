import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { Addresses } from "../lab/addresses.ts";
import { cgroup2Root } from "../lab/cgroups.ts";
import { createCluster } from "../lab/cluster.ts";
import type { Host } from "../lab/host.ts";
import { createLab, type Lab, sweepLabs } from "../lab/lab.ts";
import { NETNS_DIR } from "../lab/namespaces.ts";

const FAMILIES = ["IPv4", "IPv6"] as const;
const PROTOCOLS = ["TCP", "UDP"] as const;
const STYLES = [
	{ title: "routed", styles: ["routed", "routed"] },
	{ title: "bridged", styles: ["bridged", "bridged"] },
	{ title: "routed and bridged", styles: ["routed", "bridged"] },
] as const;
const PORT = 8080;

test.before(sweepLabs);

/** Two pods on each of two nodes, and a client beyond the gateway too. */
function createFour(lab: Lab, styles: readonly ["routed" | "bridged", "routed" | "bridged"]) {
	const cluster = createCluster(lab, { far: true });
	const pods = cluster.nodes.flatMap((node, at) =>
		styles.map((style, index) => node.pod(`pod-${at + 1}-${index + 1}`, { style })),
	);
	return { cluster, pods };
}

async function serveAll(hosts: readonly Host[]): Promise<void> {
	await Promise.all(
		hosts.flatMap((host) => PROTOCOLS.map((protocol) => host.listen({ protocol, port: PORT, echo: true }))),
	);
}

/** Every dial from one host to another that did not go as it should, in words. */
async function failures(from: Host, to: Host): Promise<string[]> {
	const ways = FAMILIES.flatMap((family) => PROTOCOLS.map((protocol) => ({ family, protocol })));
	const found = await Promise.all(
		ways.map(async ({ family, protocol }) => {
			const { answer, seenAs, error, echoed } = await from.dial({
				protocol,
				address: to[family],
				port: PORT,
				bytes: 100,
			});
			const sources = [from, ...("gateway" in from ? [from.gateway as Addresses] : [])];
			const known = sources.some((source) => seenAs?.startsWith(`${source[family]}:`));
			const right = answer === to.name && known && echoed?.intact;
			return right ? [] : [`${from.name} to ${to.name}, ${protocol} ${family}: ${error ?? answer} ${seenAs}`];
		}),
	);
	return found.flat();
}

for (const { title, styles } of STYLES) {
	test.serial(`with ${title} pods, pods and nodes reach each other, and clients and nodes do`, async (t) => {
		using lab = createLab("pairs");
		const { cluster, pods } = createFour(lab, styles);
		const inside = [...pods, ...cluster.nodes];
		const outside = [cluster.client, cluster.farClient, ...cluster.nodes];
		await serveAll([...new Set([...inside, ...outside])]);
		for (const hosts of [inside, outside]) {
			const pairs = hosts.flatMap((from) => hosts.map((to) => ({ from, to })));
			const failed = await Promise.all(pairs.map(({ from, to }) => failures(from, to)));
			t.deepEqual(failed.flat(), []);
		}
	});
}

test.serial(
	"the client sees a larger datagram and transfer come back whole, in fragments and by a small link",
	async (t) => {
		using lab = createLab("sizes");
		const { farClient, nodes } = createCluster(lab, { nodes: 1, far: true, farMtu: 1400 });
		const [node] = nodes;
		if (!node) return t.fail();
		await serveAll([node]);
		const capture = await node.capture("eth0");
		for (const family of FAMILIES) {
			for (const [protocol, bytes] of [
				["TCP", 2_000_000],
				["UDP", 5_000],
			] as const) {
				const target = { protocol, address: node[family], port: PORT, bytes };
				let dial = await farClient.dial({ ...target, timeoutMs: protocol === "TCP" ? 10_000 : 500 });
				// What tells a sender of the narrow path is an error, for a datagram that is lost: one in each direction.
				for (let lost = 0; lost < 2 && protocol === "UDP" && dial.error; lost++)
					dial = await farClient.dial(target);
				t.deepEqual(dial.echoed, { bytes, intact: true }, `${protocol} ${family}: ${dial.error}`);
			}
		}
		const packets = await capture.stop();
		for (const version of [4, 6]) {
			const fragments = packets.filter(({ ip }) => ip?.version === version && ip.fragmentOffset > 0);
			t.deepEqual(new Set(fragments.map(({ direction }) => direction)), new Set(["in", "out"]));
		}
		t.is(packets.find(({ icmp }) => icmp?.type === 3 && icmp.code === 4)?.icmp?.mtu, 1400);
		t.is(packets.find(({ icmp, ip }) => ip?.version === 6 && icmp?.type === 2)?.icmp?.mtu, 1400);
	},
);

test.serial("a dial comes from the address and port that it is told to", async (t) => {
	using lab = createLab("sources");
	const { client, node } = createCluster(lab, { nodes: 1 });
	await serveAll([node(1)]);
	const [, , third] = client.addresses(3);
	t.deepEqual(third, { IPv4: "192.0.2.102", IPv6: "2001:db8::102" });
	for (const family of FAMILIES) {
		for (const protocol of PROTOCOLS) {
			const source = { localAddress: third?.[family] ?? "", localPort: 4321 };
			const dial = await client.dial({ protocol, address: node(1)[family], port: PORT, bytes: 1, ...source });
			t.is(dial.seenAs, `${source.localAddress}:4321`);
		}
	}
});

for (const protocol of PROTOCOLS) {
	test.serial(`a ${protocol} flow lasts, and says when its server is gone`, async (t) => {
		using lab = createLab("flows");
		const node = createCluster(lab, { nodes: 1 }).node(1);
		const server = node.pod("server");
		await server.listen({ protocol, port: PORT, echo: true });
		const target = { protocol, address: server.IPv4, port: PORT, connected: true };
		const flow = await node.open(target);
		for (let round = 0; round < 3; round++) t.is((await flow.send()).answer, "server");
		await (await server.agent()).close();
		const { error } = await flow.send();
		t.true(["CLOSED", "ECONNRESET", "EPIPE", "ECONNREFUSED"].includes(error ?? ""), error);
		await flow.close();
		await t.throwsAsync(flow.send(), { message: /no flow 1 is open/ });
		await t.throwsAsync(node.open({ ...target, protocol: "TCP" }), {
			message: /cannot open TCP.*ECONNREFUSED/,
		});
	});
}

test.serial("a stream sends from one port and records who answered each datagram", async (t) => {
	using lab = createLab("streams");
	const { client, node } = createCluster(lab, { nodes: 1 });
	await node(1).listen({ protocol: "UDP", port: PORT, echo: true });
	const target = { protocol: "UDP", address: node(1).IPv6, port: PORT, localPort: 4321 } as const;
	const stream = await client.stream({ ...target, everyMs: 5 });
	while ((await stream.datagrams()).filter(({ answer }) => answer).length < 5);
	const answered = (await stream.stop()).filter(({ answer }) => answer !== undefined);
	t.deepEqual(new Set(answered.map(({ answer }) => answer)), new Set(["node-1"]));
	t.deepEqual(new Set(answered.map(({ seenAs }) => seenAs)), new Set(["2001:db8::100:4321"]));
	t.deepEqual(answered[0]?.from, { address: node(1).IPv6, port: PORT });
	await t.throwsAsync(stream.datagrams(), { message: /no stream 1 is under way/ });
});

/** Path of the cgroup that a namespace's agents are in, by the number of the process. */
function cgroupOf(pid: number): string {
	const line = readFileSync(`/proc/${pid}/cgroup`, "utf8")
		.split("\n")
		.find((line) => line.startsWith("0::"));
	return join(cgroup2Root(), line?.slice(3) ?? "");
}

test.serial(
	"what runs in a pod or on a node is in the cgroup that kproxy attaches to, unless it is told not to",
	async (t) => {
		using lab = createLab("cgroups");
		const node = createCluster(lab, { nodes: 1 }).node(1);
		const { hooked, pods, host, sandboxed } = node.cgroups;
		t.true([pods, host].every((path) => path.startsWith(`${hooked}/`)));
		t.false(sandboxed.startsWith(hooked));
		const places = [
			{ at: node.pod("plain"), cgroup: pods },
			{ at: node.pod("sandboxed", { hook: false }), cgroup: sandboxed },
			{ at: node.pod("on-host", { hostNetwork: true }), cgroup: pods },
			{ at: node.pod("on-host-sandboxed", { hostNetwork: true, hook: false }), cgroup: sandboxed },
			{ at: node, cgroup: host },
		];
		for (const { at, cgroup } of places) t.is(cgroupOf((await at.agent()).pid), cgroup, at.name);
		const onHost = places[2]?.at;
		t.is(onHost?.IPv4, node.IPv4);
		await onHost?.listen({ protocol: "TCP", port: PORT });
		t.is((await node.dial({ protocol: "TCP", address: node.IPv4, port: PORT })).answer, "on-host");
	},
);

test.serial("a node's reverse path filter is that of every device, made and to come", (t) => {
	using lab = createLab("filter");
	const node = createCluster(lab, { nodes: 1 }).node(1);
	for (const value of [1, 0] as const) {
		node.setReversePathFilter(value);
		node.pod(`pod-${value}`);
		const files = node.namespace.run("sh", ["-c", "cat /proc/sys/net/ipv4/conf/*/rp_filter"]).trim();
		t.deepEqual(new Set(files.split("\n")), new Set([String(value)]));
	}
});

test.serial(
	"a load balancer's address leads to the node that it is routed to, and a pod's nowhere once it is deleted",
	async (t) => {
		using lab = createLab("routes");
		const cluster = createCluster(lab, { nodes: 2, far: true });
		const node = cluster.node(2);
		for (const address of ["203.0.113.10", "2001:db8:2::10"]) {
			node.namespace.ip([`addr add ${address} dev lo`]);
			cluster.route(address, node);
			await node.listen({ protocol: "TCP", port: PORT, address });
			for (const client of [cluster.client, cluster.farClient])
				t.is((await client.dial({ protocol: "TCP", address, port: PORT })).answer, "node-2");
		}
		const pod = node.pod("pod");
		const target = { protocol: "TCP", address: pod.IPv4, port: PORT } as const;
		await pod.listen({ protocol: "TCP", port: PORT });
		t.is((await cluster.node(1).dial(target)).answer, "pod");
		await pod.delete();
		t.truthy((await cluster.node(1).dial({ ...target, timeoutMs: 100 })).error);
		t.throws(() => node.namespace.ip(["link show dev pod2"]), { message: /pod2/ });
		t.is(node.pod("next").IPv4, "10.244.2.3");
	},
);

test.serial("every device has the MTU that the cluster is made with", (t) => {
	using lab = createLab("mtu");
	const { nodes, client } = createCluster(lab, { nodes: 1, mtu: 1450, style: "bridged" });
	const [node] = nodes;
	const pod = node?.pod("pod");
	for (const host of [node, pod, client]) {
		const links: { ifname: string; mtu: number }[] = JSON.parse(
			host?.namespace.run("ip", ["-json", "link"]) ?? "",
		);
		const others = links.filter(({ ifname, mtu }) => /^(eth|pod|cni)/.test(ifname) && mtu !== 1450);
		t.deepEqual(others, []);
	}
});

test.serial("a cluster is made fast, and nothing is left of it once closed", async (t) => {
	const startedMs = performance.now();
	const lab = createLab("whole");
	const { nodes, client } = createCluster(lab);
	const pods = nodes.flatMap((node) => [1, 2, 3].map((number) => node.pod(`${node.name}-${number}`)));
	await Promise.all([client, ...nodes, ...pods].map((host) => host.agent()));
	t.log(`two nodes, six pods, nine agents in ${Math.round(performance.now() - startedMs)} ms`);
	const traces = () =>
		[NETNS_DIR, cgroup2Root()]
			.flatMap((place) => readdirSync(place))
			.filter((entry) => entry.includes(lab.name));
	t.is(traces().length, 11);
	lab.close();
	t.deepEqual(traces(), []);
});
