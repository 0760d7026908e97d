import test from "ava";
import type { TestApiServer } from "../../api-server/server.ts";
import { until } from "../until.ts";
import { serviceNamed, watchServer } from "./watched-server.ts";

const threeServices = (server: TestApiServer): void => {
	for (const name of ["a", "b", "c"]) server.store.set(serviceNamed(name));
};

test("A server with streaming lists is asked for nothing else", async (t) => {
	const { server, sink, synced, addService } = await watchServer(t, { prepare: threeServices });
	await synced();
	await addService("d");
	t.deepEqual(sink.calls, [
		"set Service shop/a",
		"set Service shop/b",
		"set Service shop/c",
		"synced Service",
		"set Service shop/d",
	]);
	t.is(server.requests.length, 1);
	t.like(server.requests[0], {
		verb: "stream",
		query: {
			watch: "1",
			allowWatchBookmarks: "true",
			sendInitialEvents: "true",
			resourceVersionMatch: "NotOlderThan",
			labelSelector: "!service.kubernetes.io/service-proxy-name,!service.kubernetes.io/headless",
			timeoutSeconds: "450",
		},
	});
});

test("A server without streaming lists is listed in pages of 500, and asked for a streaming list only once", async (t) => {
	const { server, sink, synced, addService } = await watchServer(t, {
		server: { streamingList: false },
		prepare: (server) => {
			for (let index = 0; index < 1200; index += 1) server.store.set(serviceNamed(`s${index}`));
		},
	});
	await synced();
	t.is(sink.objects.size, 1200);
	for (const watch of server.watches) watch.close();
	await addService("more");
	t.is(server.count({ verb: "stream" }), 1);
	t.is(server.count({ verb: "list" }), 3);
	t.deepEqual(
		server.requests.filter(({ verb }) => verb === "list").map(({ query }) => query.limit),
		["500", "500", "500"],
	);
	t.deepEqual(sink.notices, []);
});

test("A server that knows no end of the initial events is listed in pages", async (t) => {
	const { server, sink, synced, addService } = await watchServer(t, {
		server: { watch: { endlessInitialEvents: true, bookmarkMs: 10 } },
		source: { times: { initialIdleMs: 200 } },
		prepare: threeServices,
	});
	await synced();
	await addService("d");
	t.is(server.count({ verb: "list" }), 1);
	t.is(server.count({ verb: "stream" }), 1);
	t.is(
		sink.calls.filter((call) => call === "set Service shop/a").length,
		1,
		"what came by both ways is said once",
	);
});

test("A continue token that expires on the way begins the list anew, and nothing counts as gone", async (t) => {
	const { server, sink, synced, addService } = await watchServer(t, {
		server: { streamingList: false },
		prepare: (server) => {
			for (let index = 0; index < 1200; index += 1) server.store.set(serviceNamed(`s${index}`));
			server.fail({ verb: "list", continued: true }, { status: 410 });
		},
	});
	await synced();
	await addService("more");
	t.is(sink.objects.size, 1201);
	t.is(server.count({ verb: "list", continued: false }), 2);
	t.false(sink.calls.some((call) => call.startsWith("delete")));
	t.is(sink.calls.filter((call) => call.startsWith("synced")).length, 1);
});

const disruptions: readonly {
	what: string;
	disrupt: (server: TestApiServer) => void | Promise<void>;
	options?: Parameters<typeof watchServer>[1];
}[] = [
	{
		what: "the server ends the watch",
		disrupt: (server) => {
			for (const watch of server.watches) watch.close();
		},
	},
	{
		what: "the connection is cut",
		disrupt: (server) => {
			for (const watch of server.watches) watch.cut();
		},
	},
	{
		what: "the connection is cut in the middle of a line",
		disrupt: (server) => {
			for (const watch of server.watches) watch.cutInNextEvent();
		},
	},
	{
		what: "the server is restarted",
		disrupt: async (server) => {
			await server.stop();
			await server.start();
		},
	},
	{
		what: "the connection goes silent",
		disrupt: (server) => {
			for (const watch of server.watches) watch.mute();
		},
		options: { source: { times: { idleMs: 400 } }, server: { watch: { bookmarkMs: 20 } } },
	},
	{
		what: "the watch ends and 500, a refused connection and 503 follow",
		disrupt: (server) => {
			server.fail({ verb: "watch" }, { status: 500 });
			server.fail({ verb: "watch" }, { cut: true });
			server.fail({ verb: "watch" }, { status: 503 });
			for (const watch of server.watches) watch.close();
		},
	},
	{
		what: "a line that is not JSON comes",
		disrupt: (server) => {
			for (const watch of server.watches) watch.write('{"type":"ADDED","object":{"kind":}}\n');
		},
	},
	{
		what: "an ERROR event that is not about the version comes",
		disrupt: (server) => {
			const status = {
				kind: "Status",
				status: "Failure",
				message: "etcd had enough",
				reason: "InternalError",
				code: 500,
			};
			for (const watch of server.watches)
				watch.write(`${JSON.stringify({ type: "ERROR", object: status })}\n`);
		},
	},
];

for (const { what, disrupt, options } of disruptions) {
	test(`When ${what}, the watch goes on from the last version and nothing is listed`, async (t) => {
		const { server, sink, synced, addService } = await watchServer(t, { prepare: threeServices, ...options });
		await synced();
		await addService("d");
		const version = String(server.store.revision);
		await disrupt(server);
		await addService("e");
		server.store.delete("Service", "shop", "a");
		await until("the deletion", () => !sink.objects.has("Service shop/a"));
		t.is(server.count({ verb: "stream" }), 1, "one streaming list, at the start");
		t.is(server.count({ verb: "list" }), 0);
		t.true(server.count({ verb: "watch" }) >= 1);
		t.is(server.requests.find(({ verb }) => verb === "watch")?.query.resourceVersion, version);
		t.is(sink.calls.filter((call) => call === "set Service shop/a").length, 1);
		t.is(sink.calls.filter((call) => call === "set Service shop/d").length, 1);
	});
}

test("A bookmark moves the version on, so a compaction of what came before does not matter", async (t) => {
	const { server, synced, addService, sink } = await watchServer(t, { prepare: threeServices });
	await synced();
	server.store.advance(5000);
	for (const watch of server.watches) watch.bookmark();
	await addService("d");
	server.store.compact();
	server.store.advance(6000);
	for (const watch of server.watches) watch.bookmark();
	await until("the bookmark", () => server.watches.size === 1);
	for (const watch of server.watches) watch.close();
	await addService("e");
	t.is(server.count({ verb: "watch" }), 1);
	t.is(server.requests.at(-1)?.query.resourceVersion, "6000");
	t.is(server.count({ verb: "stream" }), 1);
	t.deepEqual(sink.notices, []);
});

const expiries: readonly { what: string; expire: (server: TestApiServer) => void }[] = [
	{ what: "an ERROR event with code 410 in a 200 answer", expire: (server) => server.store.compact() },
	{ what: "the HTTP status 410", expire: (server) => server.fail({ verb: "watch" }, { status: 410 }) },
];

for (const streamingList of [true, false]) {
	for (const { what, expire } of expiries) {
		const how = streamingList ? "a streaming list" : "pages";
		test(`After ${what}, ${how} tell what came, changed and vanished, and nothing else`, async (t) => {
			const { server, sink, synced } = await watchServer(t, {
				server: { streamingList },
				prepare: threeServices,
			});
			await synced();
			await until("the watch", () => server.watches.size === 1);
			await server.stop();
			const before = sink.calls.length;
			server.store.delete("Service", "shop", "a");
			server.store.set(serviceNamed("b", { labels: { changed: "yes" } }));
			server.store.set(serviceNamed("d"));
			expire(server);
			await server.start();
			await until("the relist", () => sink.calls.filter((call) => call === "synced Service").length === 2);
			t.deepEqual(sink.calls.slice(before).toSorted(), [
				"delete Service shop/a",
				"set Service shop/b",
				"set Service shop/d",
				"synced Service",
			]);
			t.like(sink.objects.get("Service shop/b"), { labels: { changed: "yes" } });
		});
	}
}

test("A watch from the future, as after a restore of etcd, is given up for a list", async (t) => {
	const { server, sink, synced } = await watchServer(t, { prepare: threeServices });
	await synced();
	server.fail({ verb: "watch" }, { text: "" }, 2);
	for (const watch of server.watches) watch.close();
	await until("the relist", () => server.count({ verb: "stream" }) === 2);
	await until("the sync", () => sink.calls.filter((call) => call === "synced Service").length === 2);
	t.is(
		sink.calls.filter((call) => call.startsWith("set")).length,
		3,
		"what did not change is not said again",
	);
});

test("A line that stays broken is given up for a list", async (t) => {
	const { server, sink, synced, addService } = await watchServer(t, { prepare: threeServices });
	await synced();
	server.fail({ verb: "watch" }, { text: "<html>\n" }, 2);
	for (const watch of server.watches) watch.close();
	await addService("d");
	t.is(server.count({ verb: "stream" }), 2);
	t.regex(sink.notices.join("\n"), /a line of the watch is not JSON; is this the address of an API server/);
	t.regex(sink.notices.at(-1) ?? "", /^info the API server at http:.* answers again$/);
});

test("Waits after failures double from 250 ms to 30 s, times a random factor", async (t) => {
	const { server, clock, synced } = await watchServer(t, {
		prepare: (server) => server.fail({ verb: "stream" }, { status: 500 }, 10),
	});
	await synced();
	t.deepEqual(clock.sleeps, [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
	t.is(server.count({ verb: "stream" }), 11);
});

for (const [random, expected] of [
	[0, [125, 250]],
	[0.999, [374.75, 749.5]],
] as const) {
	test(`The random number ${random} makes the first waits ${expected.join(" and ")} ms`, async (t) => {
		const { clock, synced } = await watchServer(t, {
			source: { random: () => random },
			prepare: (server) => server.fail({ verb: "stream" }, { status: 503 }, 2),
		});
		await synced();
		t.deepEqual(clock.sleeps, expected);
	});
}

test("Waits begin anew after something useful came", async (t) => {
	const { server, clock, synced, addService } = await watchServer(t);
	await synced();
	for (const name of ["a", "b"]) {
		server.fail({ verb: "watch" }, { status: 500 }, 2);
		for (const watch of server.watches) watch.close();
		await addService(name);
	}
	t.deepEqual(clock.sleeps, [250, 500, 250, 500]);
});

test("429 is waited out for as long as Retry-After says", async (t) => {
	const { clock, synced, sink } = await watchServer(t, {
		prepare: (server) => server.fail({ verb: "stream" }, { status: 429, retryAfterS: 7 }, 2),
	});
	await synced();
	t.deepEqual(clock.sleeps, [7000, 7000]);
	t.deepEqual(sink.notices, [
		"warn services: the API server has too many requests (429); nothing is known of them yet, trying again",
		"info services: the API server answers as it should again",
	]);
});

test("A watch that is closed at once, again and again, is not asked for in a tight loop", async (t) => {
	const { server, clock, synced } = await watchServer(t);
	await synced();
	server.fail({ verb: "watch" }, { text: "" }, 1);
	for (const watch of server.watches) watch.close();
	await until("the watch after it", () => server.count({ verb: "watch" }) === 2);
	t.true(clock.sleeps.includes(250));
});

test("While the API server is away the status says so, the last state stays, and the return is no relist", async (t) => {
	const { server, source, sink, synced, addService } = await watchServer(t, { prepare: threeServices });
	await synced();
	await server.stop();
	await until("the problem", () => source.status().problems.length > 0);
	t.deepEqual(source.status().problems, [
		`no answer from the API server at ${server.url}: connection refused; is it running, and is the address right?; the last state keeps serving, trying again`,
	]);
	t.true(source.status().synced);
	t.is(sink.objects.size, 3);
	t.true(sink.requests.includes(`GET <error> ${new URL(server.url).host}`));
	await server.start();
	await addService("d");
	t.deepEqual(source.status().problems, []);
	t.is(server.count({ verb: "stream" }), 1);
	t.is(sink.notices.length, 2, "it was said once that it is away, and once that it is back");
});

test("A missing permission is named with verb, resource and API group", async (t) => {
	const { server, source, synced } = await watchServer(t, {
		kinds: ["Service", "EndpointSlice"],
		prepare: (server) => server.setForbidden({ verb: "watch", resource: "endpointslices" }, true),
	});
	await until("the problem", () => source.status().problems.length > 0);
	t.false(source.status().synced);
	t.deepEqual(source.status().problems, [
		'endpointslices: no permission (403); grant the verbs list and watch on endpointslices in API group "discovery.k8s.io" by a ClusterRole; it said: endpointslices is forbidden: User "system:serviceaccount:kube-system:kproxy" cannot watch resource "endpointslices" in API group "discovery.k8s.io" at the cluster scope; nothing is known of them yet, trying again',
	]);
	server.setForbidden({ verb: "watch", resource: "endpointslices" }, false);
	await synced();
	t.deepEqual(source.status().problems, []);
});

test("What another proxy serves and what is headless by label never comes, and goes when it gets the label", async (t) => {
	const { server, sink, synced, addService } = await watchServer(t, {
		prepare: (server) => {
			server.store.set(
				serviceNamed("other", { labels: { "service.kubernetes.io/service-proxy-name": "else" } }),
			);
			server.store.set(serviceNamed("headless", { labels: { "service.kubernetes.io/headless": "" } }));
			server.store.set(serviceNamed("mine"));
		},
	});
	await synced();
	t.deepEqual([...sink.objects.keys()], ["Service shop/mine"]);
	server.store.set(serviceNamed("mine", { labels: { "service.kubernetes.io/service-proxy-name": "else" } }));
	await until("the deletion", () => sink.objects.size === 0);
	server.store.set(serviceNamed("other", { labels: {} }));
	await addService("last");
	t.true(sink.objects.has("Service shop/other"));
});

test("Aborting ends the source at once and cuts its connections", async (t) => {
	const { server, synced, stop, ended } = await watchServer(t, { kinds: ["Service", "EndpointSlice"] });
	await synced();
	await stop();
	t.is(await ended, undefined);
	await until("the connections to go", () => server.watches.size === 0);
});
