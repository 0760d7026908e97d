import test from "ava";
import { request } from "undici";
import { until } from "../watch/until.ts";
import { recordedLines, recording, withoutIds } from "./recordings.ts";
import { startTestApiServer, type TestApiServer } from "./server.ts";
import type { RawObject } from "./store.ts";

interface RecordedStatus {
	request: string;
	status: number;
	body: string;
}

const statuses = JSON.parse(recording("status-bodies.json")) as Record<string, RecordedStatus>;
const REVISION = 61_108;

/** A server that holds what the recorded one held. */
async function recordedServer(t: { teardown(end: () => Promise<void>): void }): Promise<TestApiServer> {
	const server = await startTestApiServer();
	t.teardown(() => server.stop());
	for (const [kind, file] of [
		["Service", "services-list.json"],
		["EndpointSlice", "endpointslices-list.json"],
		["Node", "nodes-list.json"],
	] as const) {
		for (const item of (JSON.parse(recording(file)) as { items: RawObject[] }).items)
			server.store.load(kind, item);
	}
	server.store.advance(REVISION);
	return server;
}

async function get(server: TestApiServer, path: string): Promise<{ status: number; body: string }> {
	const { statusCode, body } = await request(`${server.url}${path}`);
	return { status: statusCode, body: await body.text() };
}

/** Reads so many lines of a watch, and leaves. */
async function watchLines(url: string, count: number): Promise<string[]> {
	const { body } = await request(url);
	let text = "";
	for await (const chunk of body) {
		text += String(chunk);
		if (text.split("\n").length > count) break;
	}
	return text.trimEnd().split("\n");
}

for (const [path, file] of [
	["/api/v1/services", "services-list.json"],
	["/apis/discovery.k8s.io/v1/endpointslices", "endpointslices-list.json"],
	["/api/v1/nodes", "nodes-list.json"],
] as const) {
	test(`GET ${path} answers as recorded`, async (t) => {
		const server = await recordedServer(t);
		t.deepEqual(await get(server, path), { status: 200, body: recording(file) });
	});
}

test("Pages of two answer as recorded, with the same continue token and number of what is left", async (t) => {
	const server = await recordedServer(t);
	const first = await get(server, "/api/v1/services?limit=2");
	t.is(first.body, recording("services-list-page1.json"));
	const token = (JSON.parse(first.body) as { metadata: { continue: string } }).metadata.continue;
	const second = await get(server, `/api/v1/services?limit=500&continue=${token}`);
	t.is(second.body, recording("services-list-page2.json"));
});

test("Pages show one moment, whatever happens in between", async (t) => {
	const server = await recordedServer(t);
	const first = JSON.parse((await get(server, "/api/v1/services?limit=2")).body) as {
		metadata: { continue: string };
	};
	const template = JSON.parse(recording("service-created.json")) as RawObject;
	server.store.set({ ...template, metadata: { name: "new", namespace: "shop" } });
	server.store.set({ ...template, metadata: { name: "headless", namespace: "shop" } });
	server.store.delete("Service", "shop", "web");
	const second = await get(server, `/api/v1/services?limit=500&continue=${first.metadata.continue}`);
	t.is(second.body, recording("services-list-page2.json"));
});

test("A streaming list answers as recorded, up to the bookmark that ends it", async (t) => {
	const server = await recordedServer(t);
	server.store.advance(61_114);
	const query = "watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
	const expected = recordedLines("watch-send-initial-events.jsonl");
	t.deepEqual(await watchLines(`${server.url}/api/v1/services?${query}`, expected.length), expected);
});

for (const [path, file, firstRevision] of [
	["/api/v1/services", "services-watch.jsonl", 61_092],
	["/apis/discovery.k8s.io/v1/endpointslices", "endpointslices-watch.jsonl", 61_093],
] as const) {
	test(`A watch of ${path} with the recorded changes answers with the recorded lines`, async (t) => {
		const server = await startTestApiServer();
		t.teardown(() => server.stop());
		server.store.advance(firstRevision);
		const expected = recordedLines(file);
		const lines = watchLines(
			`${server.url}${path}?watch=1&allowWatchBookmarks=true&resourceVersion=${firstRevision}`,
			expected.length,
		);
		await until("the watch", () => server.watches.size > 0);
		for (const line of expected) play(server, line);
		t.deepEqual((await lines).map(withoutIds), expected.map(withoutIds));
	});
}

/** Does to the server what the recorded line tells. */
function play(server: TestApiServer, line: string): void {
	const { type, object } = JSON.parse(line) as { type: string; object: RawObject };
	const { namespace, name, resourceVersion } = object.metadata as Record<string, string>;
	if (type === "BOOKMARK") {
		server.store.advance(Number(resourceVersion));
		for (const watch of server.watches) watch.bookmark();
		return;
	}
	server.store.advance(Number(resourceVersion) - 1);
	if (type === "DELETED") server.store.delete(String(object.kind), namespace ?? "", name ?? "");
	else server.store.set(object);
}

test("A watch from a compacted version answers 200 with the recorded ERROR event", async (t) => {
	const server = await startTestApiServer();
	t.teardown(() => server.stop());
	server.store.advance(41_083);
	server.store.compact();
	const answer = await get(server, "/api/v1/services?watch=1&resourceVersion=1");
	t.deepEqual(answer, { status: 200, body: recording("watch-too-old.jsonl") });
});

for (const name of ["404", "410-list", "400-watch-future"]) {
	const recorded = statuses[name] as RecordedStatus;
	test(`${recorded.request} answers ${recorded.status} as recorded`, async (t) => {
		const server = await recordedServer(t);
		server.store.compact();
		const path = recorded.request.replace("GET ", "").replace("timeoutSeconds=2", "timeoutSeconds=0");
		t.deepEqual(await get(server, path), { status: recorded.status, body: recorded.body });
	});
}

test("Without a token that it knows it answers 401 as recorded", async (t) => {
	const server = await recordedServer(t);
	server.setTokens(["secret"]);
	t.deepEqual(await get(server, "/api/v1/services"), { status: 401, body: statuses["401"]?.body ?? "" });
});

const posts: readonly { what: string; name: string; status: number; body: string }[] = [
	{ what: "of a name that exists", name: "web", status: 409, body: statuses["409"]?.body ?? "" },
	{ what: "of a name that is none", name: "Bad_Name", status: 422, body: statuses["422"]?.body ?? "" },
];

for (const { what, name, status, body } of posts) {
	test(`A POST ${what} answers ${status} as recorded`, async (t) => {
		const server = await recordedServer(t);
		t.deepEqual(await post(server, "/api/v1/namespaces/shop/services", { metadata: { name } }), {
			status,
			body,
		});
	});
}

for (const [path, file, revision] of [
	["/api/v1/namespaces/shop/services", "service-created.json", 61_093],
	["/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices", "endpointslice-created.json", 61_094],
] as const) {
	test(`A POST to ${path} answers 201 with the object as recorded`, async (t) => {
		const server = await startTestApiServer();
		t.teardown(() => server.stop());
		server.store.advance(revision - 1);
		const recorded = recording(file);
		const answer = await post(server, path, JSON.parse(recorded));
		t.is(answer.status, 201);
		t.is(withoutIds(answer.body), withoutIds(recorded));
	});
}

async function post(
	server: TestApiServer,
	path: string,
	object: unknown,
): Promise<{ status: number; body: string }> {
	const { statusCode, body } = await request(`${server.url}${path}`, {
		method: "POST",
		body: JSON.stringify(object),
	});
	return { status: statusCode, body: await body.text() };
}

test("The headers are the recorded ones", async (t) => {
	const server = await recordedServer(t);
	const recorded = JSON.parse(recording("headers.json")) as Record<string, Record<string, string>>;
	for (const [name, path] of [
		["list", "/api/v1/services"],
		["watch", "/api/v1/services?watch=1&resourceVersion=1&timeoutSeconds=0"],
	] as const) {
		const { headers, body } = await request(`${server.url}${path}`);
		await body.dump();
		const ignored = new Set(["connection", "keep-alive"]);
		t.deepEqual(
			Object.keys(headers)
				.filter((key) => !ignored.has(key))
				.toSorted(),
			Object.keys(recorded[name] ?? {}).toSorted(),
		);
		for (const key of ["cache-control", "content-type", "transfer-encoding"]) {
			t.is(headers[key], recorded[name]?.[key]);
		}
	}
});

test("GET /version answers as recorded", async (t) => {
	const server = await recordedServer(t);
	t.is((await get(server, "/version")).body, recording("version.json"));
});
