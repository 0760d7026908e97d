import test from "ava";
import type { Addresses } from "../lab/addresses.ts";
import { type Agent, tally } from "../lab/agent.ts";
import { chiSquare, chiSquareBound } from "../lab/chi-square.ts";
import { Daemon } from "../lab/daemon.ts";
import { createLab, type Lab, sweepLabs } from "../lab/lab.ts";
import { ManifestDirectory } from "../lab/manifests.ts";
import { createNode, type LabNode } from "../lab/node.ts";
import type { DialOptions } from "../lab/protocol.ts";
import { DIAL_REFUSED } from "../lab/refusals.ts";

const BACKENDS = 100;
const DIALS = 2_000;

const WAYS = [
	{ way: "TCP", protocol: "TCP", connected: true },
	{ way: "connected UDP", protocol: "UDP", connected: true },
	{ way: "unconnected UDP", protocol: "UDP", connected: false },
] as const;

const FAMILIES = [
	{ family: "IPv4", dialled: "IPv4", frontend: (n: number) => `10.96.0.${n}` },
	{ family: "IPv6", dialled: "IPv6", frontend: (n: number) => `fd00:10:96::${n}` },
	{ family: "IPv4", dialled: "IPv4 through an IPv6 socket", frontend: (n: number) => `::ffff:10.96.0.${n}` },
] as const;

const SERVICES = {
	none: { number: 1, backends: 0 },
	one: { number: 2, backends: 1 },
	hundred: { number: 3, backends: BACKENDS },
};

let lab: Lab;
let node: LabNode;
let client: Agent;
let backends: Addresses[];

test.before(async () => {
	sweepLabs();
	lab = createLab("traffic");
	node = createNode(lab);
	const pod = node.pod("backends");
	backends = pod.addAddresses(BACKENDS);
	const server = await lab.agent("backends", { namespace: pod.namespace, cgroup: "others" });
	const addresses = backends.flatMap(({ IPv4, IPv6 }) => [IPv4, IPv6]);
	for (const protocol of ["TCP", "UDP"] as const) {
		await Promise.all(
			addresses.map((address) => server.listen({ protocol, address, port: 8080, name: address })),
		);
	}
	const manifests = new ManifestDirectory(lab);
	for (const [name, { number, backends: count }] of Object.entries(SERVICES)) {
		manifests.set({
			name,
			clusterIPs: [`10.96.0.${number}`, `fd00:10:96::${number}`],
			ports: (["TCP", "UDP"] as const).map((protocol) => ({
				name: protocol.toLowerCase(),
				protocol,
				port: 80,
				targetPort: 8080,
			})),
			endpoints: addresses.slice(0, 2 * count),
		});
	}
	client = await lab.agent("client", { namespace: node.namespace, cgroup: "clients" });
	const daemon = new Daemon(lab, { namespace: node.namespace, args: ["--manifests", manifests.path] });
	await daemon.synced();
});

test.after.always(() => lab.close());

for (const { way, ...dialling } of WAYS) {
	for (const { family, dialled, frontend } of FAMILIES) {
		const to = (service: keyof typeof SERVICES): DialOptions => ({
			...dialling,
			address: frontend(SERVICES[service].number),
			port: 80,
		});

		test.serial(`${way} over ${dialled} to a frontend without backends is refused at once`, async (t) => {
			const dial = await client.dial(to("none"));
			t.is(dial.error, DIAL_REFUSED);
			t.true(dial.tookMs < 500, `it took ${dial.tookMs} ms`);
		});

		test.serial(`${way} over ${dialled} reaches the one backend and sees the frontend`, async (t) => {
			const dial = await client.dial(to("one"));
			t.is(dial.error, undefined);
			t.is(dial.answer, backends[0]?.[family]);
			const dialledTo = { address: frontend(SERVICES.one.number), port: 80 };
			if (dialling.connected) t.deepEqual(dial.peer, dialledTo);
			if (dialling.protocol === "UDP") t.deepEqual(dial.from, dialledTo);
		});

		test.serial(`${way} over ${dialled} spreads evenly over a hundred backends`, async (t) => {
			const dials = await client.dialMany({ ...to("hundred"), count: DIALS, concurrency: 8 });
			const { answers, errors } = tally(dials);
			t.deepEqual(errors, {});
			const names = backends.map((backend) => backend[family]);
			t.deepEqual([...new Set(dials.map((dial) => dial.answer))].sort(), [...names].sort());
			const counts = names.map((name) => answers[name] ?? 0);
			const distance = chiSquare(counts, dials.length / names.length);
			t.true(distance < chiSquareBound(names.length - 1), `chi-square is ${distance}`);
		});
	}
}

test.serial("a client in a pod reaches the backends as one on the node does", async (t) => {
	const pod = node.pod("client");
	const podClient = await lab.agent("pod-client", { namespace: pod.namespace, cgroup: "clients" });
	for (const { family, frontend } of FAMILIES) {
		for (const { protocol } of WAYS) {
			const address = frontend(SERVICES.one.number);
			t.is((await podClient.dial({ protocol, address, port: 80 })).answer, backends[0]?.[family]);
		}
	}
});

test.serial("a client outside the cgroup is left alone", async (t) => {
	const stranger = await lab.agent("stranger", { namespace: node.namespace, cgroup: "others" });
	for (const { protocol } of WAYS) {
		const dial = await stranger.dial({ protocol, address: "10.96.0.2", port: 80 });
		t.is(dial.error, "ENETUNREACH");
	}
});

test.serial("an address and port that no frontend has is left alone", async (t) => {
	const target = { protocol: "TCP", address: backends[0]?.IPv4 ?? "", port: 8080 } as const;
	const dial = await client.dial(target);
	t.is(dial.answer, backends[0]?.IPv4);
	t.deepEqual(dial.peer, { address: target.address, port: 8080 });
	t.is((await client.dial({ ...target, address: "10.96.0.2", port: 81 })).error, "ENETUNREACH");
});
