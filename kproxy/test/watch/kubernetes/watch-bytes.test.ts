import test from "ava";
import { until } from "../until.ts";
import { serviceNamed, watchServer } from "./watched-server.ts";

const LABEL = "grüße-🎉-日本";

for (const pieceBytes of [1, 2, 3, 7, 1000]) {
	test(`Lines that come in pieces of ${pieceBytes} bytes are put together, characters too`, async (t) => {
		const { sink, synced, addService } = await watchServer(t, {
			server: { watch: { pieceBytes } },
			prepare: (server) => {
				server.store.set(serviceNamed("a", { labels: { greeting: LABEL } }));
				server.store.set(serviceNamed("b"));
			},
		});
		await synced();
		await addService("c", { labels: { greeting: LABEL } });
		t.like(sink.objects.get("Service shop/a"), { labels: { greeting: LABEL } });
		t.like(sink.objects.get("Service shop/c"), { labels: { greeting: LABEL } });
		t.is(sink.objects.size, 3);
	});
}

test("Many events in one piece all count", async (t) => {
	const { server, sink, synced } = await watchServer(t);
	await synced();
	for (let index = 0; index < 500; index += 1) server.store.set(serviceNamed(`s${index}`));
	for (let index = 0; index < 500; index += 2) server.store.delete("Service", "shop", `s${index}`);
	await until("all of them", () => sink.calls.length === 1 + 500 + 250);
	t.is(sink.objects.size, 250);
});

test("An event with an annotation of 4 MB is read like any other", async (t) => {
	const { synced, addService, sink, server } = await watchServer(t, {
		prepare: (server) => server.store.set(serviceNamed("a", { annotations: { big: "x".repeat(4 << 20) } })),
	});
	await synced();
	await addService("b", { annotations: { big: "ü".repeat(2 << 20) } });
	t.is(sink.objects.size, 2);
	t.is(server.requests.length, 1);
	t.deepEqual(sink.notices, []);
});

test("Events that come twice are said once", async (t) => {
	const { sink, server, synced, addService } = await watchServer(t, {
		server: { watch: { duplicates: true } },
		prepare: (server) => server.store.set(serviceNamed("a")),
	});
	await synced();
	await addService("b");
	server.store.delete("Service", "shop", "a");
	await addService("c");
	t.deepEqual(sink.calls, [
		"set Service shop/a",
		"synced Service",
		"set Service shop/b",
		"delete Service shop/a",
		"set Service shop/c",
	]);
});

test("Half a line at the end of an answer is neither applied nor lost", async (t) => {
	const { server, sink, synced, addService } = await watchServer(t);
	await synced();
	const revision = server.store.revision + 1;
	const half = `{"type":"ADDED","object":{"kind":"Service","metadata":{"name":"x","namespace":"shop","resourceVersion":"${revision}"}`;
	for (const watch of server.watches) {
		watch.write(half);
		watch.close();
	}
	await addService("x");
	t.is(sink.calls.filter((call) => call === "set Service shop/x").length, 1);
	t.like(sink.objects.get("Service shop/x"), { clusterIPs: ["10.96.0.10"] });
});

for (const streamingList of [true, false]) {
	const how = streamingList ? "a streaming list" : "a page";
	test(`A garbage object in ${how} is reported once with its name, and the others serve`, async (t) => {
		const { server, sink, source, synced, addService } = await watchServer(t, {
			server: { streamingList },
			prepare: (server) => {
				server.store.set(serviceNamed("a"));
				server.store.set({
					...serviceNamed("bad"),
					spec: { clusterIPs: "10.96.0.1", ports: [{ port: "eighty" }] },
				});
				server.store.set(serviceNamed("z"));
			},
		});
		await synced();
		t.deepEqual([...sink.objects.keys()], ["Service shop/a", "Service shop/z"]);
		const line =
			'Service shop/bad: spec.clusterIPs is "10.96.0.1"; it must be a list (and 1 more problem); it is not served';
		t.deepEqual(source.status().problems, [line]);
		// The same again, in a new list: no news.
		server.store.compact();
		server.store.set(serviceNamed("b"));
		server.store.compact();
		for (const watch of server.watches) watch.cut();
		await addService("c");
		t.deepEqual(sink.notices, [`warn ${line}`]);
		server.store.set(serviceNamed("bad"));
		await until("it to be well", () => sink.objects.has("Service shop/bad"));
		t.deepEqual(source.status().problems, []);
		t.is(sink.notices.at(-1), "info Service shop/bad: is well again");
	});
}

test("An object that turns bad in a watch keeps its last good state, over a relist too, until it is deleted", async (t) => {
	const { server, sink, source, synced, addService } = await watchServer(t, {
		prepare: (server) => server.store.set(serviceNamed("a")),
	});
	await synced();
	server.store.set({ ...serviceNamed("a"), spec: { clusterIPs: ["10.96.0.300"], ports: [] } });
	await until("the problem", () => source.status().problems.length === 1);
	t.deepEqual(source.status().problems, [
		'Service shop/a: spec.clusterIPs[0] is "10.96.0.300", which is not an IP address; its last good state keeps serving',
	]);
	server.store.set(serviceNamed("b"));
	server.store.compact();
	for (const watch of server.watches) watch.cut();
	await addService("c");
	t.like(sink.objects.get("Service shop/a"), { clusterIPs: ["10.96.0.10"] });
	server.store.delete("Service", "shop", "a");
	await until("the deletion", () => !sink.objects.has("Service shop/a"));
	t.deepEqual(source.status().problems, []);
});

test("An object without a name is reported, and the watch goes on", async (t) => {
	const { server, sink, source, synced, addService } = await watchServer(t);
	await synced();
	for (const watch of server.watches)
		watch.write('{"type":"ADDED","object":{"kind":"Service","metadata":{}}}\n');
	await addService("a");
	t.is(
		source.status().problems[0],
		"Service (no namespace)/(no name): metadata.name is missing (and 1 more problem); it is not served",
	);
	t.deepEqual([...sink.objects.keys()], ["Service shop/a"]);
	t.is(server.requests.length, 1);
});

test("An event of a kind that nobody knows yet is passed over", async (t) => {
	const { server, synced, addService, sink } = await watchServer(t);
	await synced();
	for (const watch of server.watches) watch.write('{"type":"FANCY","object":{}}\n');
	await addService("a");
	t.is(server.requests.length, 1);
	t.deepEqual(sink.notices, []);
});
