/** Traffic policies, endpoints that come, go and end, affinity, topology and source ranges, over two nodes. */
import test from "ava";
import type { Host } from "../../lab/host.ts";
import { sweepLabs } from "../../lab/lab.ts";
import { DIAL_REFUSED } from "../../lab/refusals.ts";
import {
	addressOf,
	createStage,
	dialOnce,
	PORT,
	PROTOCOLS,
	type Stage,
	serve,
	WAYS,
	whoAnswers,
} from "./stage.ts";

let stage: Stage;

test.before(async () => {
	sweepLabs();
	stage = await createStage("policies");
});

/** A socket hook refuses as the kernel lets it; packets are always answered by RST or ICMP. */
const refusalOf = (from: Host): string =>
	from === stage.sandboxed || from === stage.client ? "ECONNREFUSED" : DIAL_REFUSED;

test.after.always(() => stage?.close());

test.serial(
	"externalTrafficPolicy Local: local endpoints with the client's address, or nothing",
	async (t) => {
		const { a2, b2 } = stage.backends;
		const web = await stage.set({
			name: "local",
			number: 1,
			type: "LoadBalancer",
			ingressIPs: ["203.0.113.1", "2001:db8:f::1"],
			externalTrafficPolicy: "Local",
			healthCheckNodePort: 32_001,
			endpoints: [a2, b2],
		});
		for (const { family, protocol } of WAYS) {
			stage.cluster.route(web.ingressIP[family], stage.node2);
			const targets = [
				{ protocol, address: stage.node2[family], port: web.nodePort },
				{ protocol, address: web.ingressIP[family], port: PORT },
			];
			for (const target of targets) {
				const dials = await stage.client.dialMany({ ...target, count: 20 });
				t.deepEqual([...new Set(dials.map(({ answer }) => answer))].sort(), ["a2", "b2"]);
				t.deepEqual([...new Set(dials.map(({ seenAs }) => addressOf(seenAs)))], [stage.client[family]]);
			}
			const without = { protocol, address: stage.node1[family], port: web.nodePort };
			t.is(
				(await dialOnce(stage.client, { ...without, timeoutMs: 300 })).error,
				"TIMEOUT",
				"dropped, not rejected",
			);
			for (const from of [stage.pod, stage.sandboxed, stage.node1]) {
				t.deepEqual(await whoAnswers(from, without, 20), ["a2", "b2"], from.name);
				t.deepEqual(await whoAnswers(from, { ...without, address: web.ingressIP[family], port: PORT }, 20), [
					"a2",
					"b2",
				]);
			}
		}
		t.deepEqual(await healthOf("node1", 32_001), { status: 503, localEndpoints: 0 });
		t.deepEqual(await healthOf("node2", 32_001), { status: 200, localEndpoints: 2 });
	},
);

test.serial("internalTrafficPolicy Local: local endpoints, or a rejection", async (t) => {
	const { a1, a2, b2 } = stage.backends;
	const here = await stage.set({
		name: "here",
		number: 2,
		internalTrafficPolicy: "Local",
		endpoints: [a1, a2],
	});
	const away = await stage.set({
		name: "away",
		number: 3,
		internalTrafficPolicy: "Local",
		endpoints: [a2, b2],
	});
	for (const { family, protocol } of WAYS) {
		for (const from of [stage.pod, stage.sandboxed, stage.node1]) {
			t.deepEqual(await whoAnswers(from, { protocol, address: here.clusterIP[family], port: PORT }, 20), [
				"a1",
			]);
			const target = { protocol, address: away.clusterIP[family], port: PORT, connected: true };
			t.is((await dialOnce(from, target)).error, refusalOf(from), `${from.name} ${protocol} ${family}`);
		}
	}
});

test.serial("without endpoints a dial is rejected at once, from everywhere", async (t) => {
	const empty = await stage.set({ name: "empty", number: 4, type: "NodePort", endpoints: [] });
	for (const { family, protocol } of WAYS) {
		for (const from of [stage.pod, stage.sandboxed, stage.node1]) {
			const dial = await dialOnce(from, {
				protocol,
				address: empty.clusterIP[family],
				port: PORT,
				connected: true,
			});
			t.is(dial.error, refusalOf(from), `${from.name} ${protocol} ${family}`);
		}
		const target = { protocol, address: stage.node1[family], port: empty.nodePort, connected: true };
		for (const from of [stage.client, stage.pod, stage.sandboxed]) {
			t.is((await dialOnce(from, target)).error, refusalOf(from), `${from.name} ${protocol} ${family}`);
		}
	}
});

test.serial(
	"a port that a ClusterIP has not is rejected; an address that no Service has goes nowhere",
	async (t) => {
		const web = await stage.set({ name: "guarded", number: 5, endpoints: [stage.backends.a1] });
		const outside = await stage.node1.capture("eth0", { filter: ({ direction }) => direction === "out" });
		for (const { family, protocol } of WAYS) {
			for (const from of [stage.pod, stage.sandboxed, stage.node1]) {
				const wrong = { protocol, address: web.clusterIP[family], port: 82, connected: true };
				t.is((await dialOnce(from, wrong)).error, refusalOf(from), `${from.name} ${protocol} ${family}`);
				const nobody = {
					protocol,
					address: family === "IPv4" ? "10.96.7.7" : "fd00:10:96::7777",
					port: PORT,
				};
				t.is((await dialOnce(from, { ...nobody, timeoutMs: 200 })).answer, undefined);
			}
		}
		const leaked = (await outside.stop()).filter(({ ip }) =>
			/^(10\.96\.|fd00:10:96:)/.test(ip?.destination ?? ""),
		);
		t.deepEqual(leaked, []);
	},
);

test.serial("terminating endpoints are used only where no ready one is left", async (t) => {
	const { a1, b1, a2 } = stage.backends;
	const ending = { ready: false, serving: true, terminating: true };
	const service = {
		name: "ending",
		number: 6,
		type: "NodePort" as const,
		externalTrafficPolicy: "Local" as const,
	};
	const web = await stage.set({
		...service,
		endpoints: [{ pod: a1, ...ending }, { pod: b1, ...ending }, a2],
	});
	for (const { family, protocol } of WAYS) {
		t.deepEqual(await whoAnswers(stage.pod, { protocol, address: web.clusterIP[family], port: PORT }, 20), [
			"a2",
		]);
		const local = { protocol, address: stage.node1[family], port: web.nodePort };
		t.deepEqual(
			await whoAnswers(stage.client, local, 20),
			["a1", "b1"],
			"the local ones, though a ready one is elsewhere",
		);
	}
	await stage.set({
		...service,
		endpoints: [
			{ pod: a1, ...ending },
			{ pod: b1, ...ending, serving: false },
		],
	});
	for (const { family, protocol } of WAYS) {
		t.deepEqual(await whoAnswers(stage.pod, { protocol, address: web.clusterIP[family], port: PORT }, 20), [
			"a1",
		]);
	}
});

test.serial("a client with affinity keeps its backend on every path, until that ends", async (t) => {
	const { a1, b1, a2, b2 } = stage.backends;
	const service = { name: "sticky", number: 7, type: "NodePort" as const, affinityTimeoutS: 60 };
	const web = await stage.set({ ...service, endpoints: [a1, b1, a2, b2] });
	for (const { family, protocol } of WAYS) {
		for (const from of [stage.pod, stage.sandboxed, stage.node1]) {
			const first = await whoAnswers(from, { protocol, address: web.clusterIP[family], port: PORT }, 20);
			t.is(first.length, 1, `${from.name} ${protocol} ${family}: ${first}`);
			const again = await whoAnswers(
				from,
				{ protocol, address: stage.node1[family], port: web.nodePort },
				20,
			);
			t.deepEqual(again, first, "the same at the NodePort");
		}
		const outside = await whoAnswers(
			stage.client,
			{ protocol, address: stage.node1[family], port: web.nodePort },
			20,
		);
		t.is(outside.length, 1);
	}
	await stage.set({
		...service,
		endpoints: [{ pod: a1, ready: false, serving: true, terminating: true }, b2],
	});
	for (const { family, protocol } of WAYS) {
		for (const from of [stage.pod, stage.sandboxed, stage.node1]) {
			t.deepEqual(await whoAnswers(from, { protocol, address: web.clusterIP[family], port: PORT }, 10), [
				"b2",
			]);
		}
	}
});

test.serial(
	"topology: endpoints on this node, or in this zone, first; all where a hint is missing",
	async (t) => {
		const { a1, a2, b2 } = stage.backends;
		const zoned = (pod: typeof a1) => ({ pod, hints: { zones: [`zone-${pod.node}`] } });
		const here = await stage.set({
			name: "zoned",
			number: 8,
			trafficDistribution: "PreferClose",
			endpoints: [zoned(a1), zoned(a2), zoned(b2)],
		});
		const target = { protocol: "TCP" as const, address: here.clusterIP.IPv4, port: PORT };
		t.deepEqual(await whoAnswers(stage.pod, target), ["a1"]);
		await stage.set({
			name: "zoned",
			number: 8,
			trafficDistribution: "PreferClose",
			endpoints: [zoned(a1), a2, zoned(b2)],
		});
		t.deepEqual(await whoAnswers(stage.pod, target), ["a1", "a2", "b2"]);
		const onNode = (pod: typeof a1) => ({ pod, hints: { zones: ["zone-node-1"], nodes: [pod.node] } });
		await stage.set({
			name: "zoned",
			number: 8,
			trafficDistribution: "PreferSameNode",
			endpoints: [onNode(a1), onNode(a2)],
		});
		t.deepEqual(await whoAnswers(stage.pod, target), ["a1"]);
	},
);

test.serial("loadBalancerSourceRanges admit whom they name, at the load-balancer address only", async (t) => {
	const { a1 } = stage.backends;
	const service = {
		name: "ranged",
		number: 10,
		type: "LoadBalancer" as const,
		ingressIPs: ["203.0.113.10", "2001:db8:f::10"],
		endpoints: [a1],
	};
	const ranged = { ...service, sourceRanges: [`${stage.client.IPv4}/32`, `${stage.client.IPv6}/128`] };
	const web = await stage.set(ranged);
	for (const { family, protocol } of WAYS) {
		const target = { protocol, address: web.ingressIP[family], port: PORT };
		const refused = { ...target, timeoutMs: 300 };
		stage.cluster.route(target.address, stage.node1);
		t.is((await dialOnce(stage.client, target)).answer, "a1");
		for (const from of [stage.pod, stage.sandboxed, stage.node1]) {
			t.is((await dialOnce(from, refused)).answer, undefined, `${from.name} ${protocol} ${family}`);
		}
		const elsewhere = { protocol, address: stage.node1[family], port: web.nodePort };
		t.is((await dialOnce(stage.pod, elsewhere)).answer, "a1", "a NodePort has no ranges");
	}
	const nodes = ["192.0.2.11/32", "2001:db8::11/128", `${stage.pod.IPv4}/32`, `${stage.pod.IPv6}/128`];
	await stage.set({ ...service, sourceRanges: nodes });
	for (const { family, protocol } of WAYS) {
		const target = { protocol, address: web.ingressIP[family], port: PORT };
		const refused = { ...target, timeoutMs: 300 };
		t.is((await dialOnce(stage.client, refused)).error, "TIMEOUT");
		t.is((await dialOnce(stage.node1, target)).answer, "a1");
		t.is((await dialOnce(stage.pod, target)).answer, "a1");
		t.is((await dialOnce(stage.sandboxed, refused)).answer, undefined);
	}
});

test.serial("a pod reaches itself through its own Service", async (t) => {
	const own = stage.node1.pod("own", { hook: false });
	await Promise.all(PROTOCOLS.flatMap((protocol) => serve(own, protocol)));
	const service = await stage.set({ name: "own", number: 11, endpoints: [own] });
	for (const { family, protocol } of WAYS) {
		const dial = await dialOnce(own, { protocol, address: service.clusterIP[family], port: PORT });
		t.is(dial.answer, "own", `${protocol} ${family}: ${dial.error}`);
	}
});

async function healthOf(node: "node1" | "node2", port: number): Promise<unknown> {
	const { stdout } = {
		stdout: stage[node].namespace.run("curl", ["-s", "-w", "\n%{http_code}", `http://127.0.0.1:${port}/`]),
	};
	const [body = "", status = ""] = stdout.trim().split(/\n(?=\d+$)/);
	return { status: Number(status), localEndpoints: JSON.parse(body).localEndpoints };
}
