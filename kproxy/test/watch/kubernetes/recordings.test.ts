import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type ExecutionContext } from "ava";
import type { Kind } from "../../../src/model/objects.ts";
import { createKubernetesSource } from "../../../src/watch/kubernetes/kubernetes-source.ts";
import { recording } from "../../api-server/recordings.ts";
import { createFakeClock } from "../fake-clock.ts";
import { createRecordingSink, type RecordingSink } from "../recording-sink.ts";
import { until } from "../until.ts";
import { writeKubeconfig } from "./watched-server.ts";

/** What the server has for a request: a recording that ends the answer, or one that leaves it open. */
type Answer = { file: string; open?: boolean; status?: number };

/** A source fed with recorded bytes, one answer for each request; requests after the last find it silent. */
async function feed(
	t: ExecutionContext,
	{ kind, answers }: { kind: Kind; answers: readonly Answer[] },
): Promise<{ sink: RecordingSink; queries: URLSearchParams[] }> {
	const queries: URLSearchParams[] = [];
	const waiting = [...answers];
	const server = createServer((request, response: ServerResponse) => {
		queries.push(new URL(request.url ?? "", "http://x").searchParams);
		const answer = waiting.shift();
		response.writeHead(answer?.status ?? 200, { "content-type": "application/json" }).flushHeaders();
		if (answer !== undefined) response.write(recording(answer.file));
		if (answer !== undefined && answer.open !== true) response.end();
	});
	await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
	t.teardown(() => {
		server.closeAllConnections();
		server.close();
	});
	const cluster = { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
	const path = await writeKubeconfig(t, { cluster, user: {} });
	const sink = createRecordingSink();
	const stop = new AbortController();
	const source = createKubernetesSource({
		connection: { kubeconfig: { path } },
		kinds: [kind],
		nodeName: "knode",
		clock: createFakeClock(),
		streamingList: answers[0]?.file.startsWith("watch-") ?? false,
	});
	const ended = source.run(sink, stop.signal);
	t.teardown(async () => {
		stop.abort();
		await ended;
	});
	return { sink, queries };
}

const WEB = {
	kind: "Service",
	namespace: "shop",
	name: "web",
	labels: {},
	type: "LoadBalancer",
	clusterIPs: ["10.99.55.16"],
	ports: [
		{ name: "http", protocol: "TCP", port: 80, nodePort: 30479 },
		{ name: "dns", protocol: "UDP", port: 53, nodePort: 32067 },
	],
};

/** How the recorded watch leaves it. */
const BALANCED = {
	createdMs: Date.UTC(2026, 10, 20, 12, 46, 42),
	loadBalancerIPs: ["198.51.100.7"],
	loadBalancerSourceRanges: ["203.0.113.0/24"],
	affinityTimeoutS: 10800,
	externalTrafficPolicy: "Local",
	internalTrafficPolicy: "Local",
	healthCheckNodePort: 30387,
};

const ALL = ["default/kubernetes", "shop/ext", "shop/headless", "shop/noports", "shop/sctp", "shop/web"];

test("The recorded streaming list is all that exists", async (t) => {
	const { sink } = await feed(t, {
		kind: "Service",
		answers: [{ file: "watch-send-initial-events.jsonl", open: true }],
	});
	await until("the sync", () => sink.syncedKinds.has("Service"));
	t.deepEqual(
		[...sink.objects.keys()],
		ALL.map((name) => `Service ${name}`),
	);
	t.like(sink.objects.get("Service shop/web"), WEB);
	t.like(sink.objects.get("Service shop/headless"), { clusterIPs: [] });
	t.like(sink.objects.get("Service shop/ext"), { type: "ExternalName", clusterIPs: [], ports: [] });
	t.like(sink.objects.get("Service shop/sctp"), {
		ports: [{ name: "", protocol: "SCTP", port: 9, nodePort: 0 }],
	});
	t.deepEqual(sink.notices, []);
});

test("The recorded pages and the recorded watch after them leave what the server had", async (t) => {
	const { sink, queries } = await feed(t, {
		kind: "Service",
		answers: [
			{ file: "services-list-page1.json" },
			{ file: "services-list-page2.json" },
			{ file: "services-watch.jsonl" },
		],
	});
	await until("the next watch", () => queries.length === 4);
	t.deepEqual(
		[...sink.objects.keys()].toSorted(),
		ALL.filter((name) => name !== "shop/sctp").map((name) => `Service ${name}`),
	);
	t.like(sink.objects.get("Service shop/web"), { ...WEB, ...BALANCED });
	const page1 = JSON.parse(recording("services-list-page1.json")) as { metadata: { continue: string } };
	t.is(queries[1]?.get("continue"), page1.metadata.continue);
	t.is(queries[2]?.get("resourceVersion"), "61108");
	t.is(queries[3]?.get("resourceVersion"), "61116", "the last bookmark");
});

const READY = { ready: true, serving: true, terminating: false, forZones: [], forNodes: [] };

test("The recorded node comes with its addresses and pod ranges, and is asked for by name", async (t) => {
	const { sink, queries } = await feed(t, { kind: "Node", answers: [{ file: "nodes-list.json" }] });
	await until("the sync", () => sink.syncedKinds.has("Node"));
	t.deepEqual(sink.objects.get("Node knode"), {
		kind: "Node",
		namespace: "",
		name: "knode",
		zone: "",
		addresses: [{ type: "InternalIP", address: "10.200.0.2" }],
		podCIDRs: ["10.244.0.0/24"],
		deleting: false,
	});
	t.is(queries[0]?.get("fieldSelector"), "metadata.name=knode");
	t.false(queries[0]?.has("labelSelector"));
});

test("The recorded endpoint slices come with their conditions and nodes", async (t) => {
	const { sink, queries } = await feed(t, {
		kind: "EndpointSlice",
		answers: [{ file: "endpointslices-list.json" }, { file: "endpointslices-watch.jsonl" }],
	});
	await until("the next watch", () => queries.length === 3);
	t.deepEqual(sink.objects.get("EndpointSlice shop/web-abc"), {
		kind: "EndpointSlice",
		namespace: "shop",
		name: "web-abc",
		service: "web",
		addressType: "IPv4",
		ports: [
			{ name: "http", protocol: "TCP", port: 8080 },
			{ name: "dns", protocol: "UDP", port: 5353 },
		],
		endpoints: [
			{ addresses: ["10.244.0.11"], ...READY, nodeName: "node-a" },
			{ addresses: ["10.244.1.12"], ...READY, nodeName: "node-b" },
		],
		triggerTimeMs: undefined,
	});
	t.deepEqual(sink.calls.slice(0, 5), [
		"set EndpointSlice default/kubernetes",
		"set EndpointSlice shop/web-abc",
		"synced EndpointSlice",
		"set EndpointSlice shop/web-abc",
		"set EndpointSlice shop/web-abc",
	]);
	t.is(queries[2]?.get("resourceVersion"), "61126");
});

test("The recorded ERROR event makes it list again", async (t) => {
	const { sink, queries } = await feed(t, {
		kind: "Service",
		answers: [
			{ file: "services-list.json" },
			{ file: "watch-too-old.jsonl" },
			{ file: "services-list.json" },
			{ file: "services-watch.jsonl", open: true },
		],
	});
	await until("the watch", () => queries.length === 4);
	await until("its last event", () => sink.calls.at(-1) === "delete Service shop/sctp");
	t.is(queries[2]?.get("limit"), "500");
	t.is(sink.calls.filter((call) => call === "synced Service").length, 2);
	t.is(sink.calls.filter((call) => call === "set Service default/kubernetes").length, 1);
});
