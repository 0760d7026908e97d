/** Which addresses answer whom: ClusterIP, NodePort, load-balancer and external IPs, over two nodes. */
import test from "ava";
import { sweepLabs } from "../../lab/lab.ts";
import {
	addressOf,
	createStage,
	dialOnce,
	PORT,
	type ServiceNumbers,
	type Stage,
	WAYS,
	whoAnswers,
} from "./stage.ts";

const ALL = ["a1", "a2", "b1", "b2"];

let stage: Stage;
let web: ServiceNumbers;

test.before(async () => {
	sweepLabs();
	stage = await createStage("addresses");
	const ingressIPs = ["203.0.113.1", "2001:db8:f::1", { ip: "203.0.113.200", ipMode: "Proxy" as const }];
	web = await stage.set({
		name: "web",
		number: 1,
		type: "LoadBalancer",
		ingressIPs,
		externalIPs: ["198.51.101.1", "2001:db8:e::1"],
		endpoints: Object.values(stage.backends),
	});
	for (const address of [
		...Object.values(web.ingressIP),
		...Object.values(web.externalIP),
		"203.0.113.200",
	]) {
		stage.cluster.route(address, stage.node1);
	}
});

test.after.always(() => stage?.close());

for (const { family, protocol } of WAYS) {
	const way = `${protocol} over ${family}`;

	test.serial(`a ClusterIP answers pods, sandboxed pods and the node: ${way}`, async (t) => {
		const target = { protocol, address: web.clusterIP[family], port: PORT };
		t.deepEqual(await whoAnswers(stage.pod, target), ALL);
		t.deepEqual(await whoAnswers(stage.sandboxed, target), ALL);
		t.deepEqual(await whoAnswers(stage.node1, target), ALL);
	});

	test.serial(`a NodePort answers at each address of each node: ${way}`, async (t) => {
		for (const node of stage.cluster.nodes) {
			const target = { protocol, address: node[family], port: web.nodePort };
			for (const from of [stage.client, stage.pod, stage.sandboxed, stage.node1]) {
				t.deepEqual(await whoAnswers(from, target), ALL, `${from.name} to ${node.name}`);
			}
		}
		const onPodSide = family === "IPv4" ? "10.244.1.1" : "fd00:10:244:1::1";
		t.deepEqual(await whoAnswers(stage.pod, { protocol, address: onPodSide, port: web.nodePort }), ALL);
	});

	test.serial(`load-balancer and external IPs answer from everywhere: ${way}`, async (t) => {
		for (const addresses of [web.ingressIP, web.externalIP]) {
			const target = { protocol, address: addresses[family], port: PORT };
			for (const from of [stage.client, stage.pod, stage.sandboxed, stage.node1, stage.node2]) {
				t.deepEqual(await whoAnswers(from, target), ALL, `${from.name} to ${target.address}`);
			}
		}
	});

	test.serial(`a backend here sees the client, one elsewhere sees the node: ${way}`, async (t) => {
		const target = { protocol, address: stage.node1[family], port: web.nodePort };
		for (let dial = 0; dial < 40; dial++) {
			// A port that no dial before has used: where two flows would look the same to a backend, the later one is translated.
			const { answer, seenAs, error } = await stage.client.dial({ ...target, localPort: 20_000 + dial });
			t.is(error, undefined);
			const expected = answer?.endsWith("1") ? stage.client[family] : stage.node1[family];
			t.is(addressOf(seenAs), expected, answer);
		}
	});
}

for (const protocol of ["TCP", "UDP"] as const) {
	test.serial(
		`the node's own processes reach a NodePort at 127.0.0.1, and no pod does: ${protocol}`,
		async (t) => {
			const target = { protocol, address: "127.0.0.1", port: web.nodePort };
			t.deepEqual(await whoAnswers(stage.node1, target), ALL);
			t.is((await dialOnce(stage.pod, target)).error, protocol === "TCP" ? "ECONNREFUSED" : "TIMEOUT");
		},
	);

	test.serial(`an ingress IP with ipMode Proxy is left alone: ${protocol}`, async (t) => {
		t.is(
			(await dialOnce(stage.client, { protocol, address: "203.0.113.200", port: PORT })).answer,
			undefined,
		);
		t.is(
			(await dialOnce(stage.sandboxed, { protocol, address: "203.0.113.200", port: PORT })).answer,
			undefined,
		);
	});
}

test.serial("headless and ExternalName Services are left alone", async (t) => {
	await stage.set({ name: "headless", number: 9, clusterIPs: [], endpoints: [stage.backends.a1] });
	const frontends = JSON.parse(stage.node1.kproxy(["frontends", "-o", "json"]).stdout).frontends as {
		name: string;
	}[];
	t.deepEqual([...new Set(frontends.map(({ name }) => name))], ["web"]);
});
