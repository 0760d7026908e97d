import test from "ava";
import { SERVICE_KINDS } from "../../../src/model/objects.ts";
import type { TestApiServer } from "../../api-server/server.ts";
import type { RawObject } from "../../api-server/store.ts";
import { until } from "../until.ts";
import { serviceNamed, type WatchedServerOptions, watchServer } from "./watched-server.ts";

function rawNode(name: string, zone: string): RawObject {
	return {
		kind: "Node",
		metadata: { name, labels: { "topology.kubernetes.io/zone": zone } },
		spec: {},
		status: { addresses: [{ type: "InternalIP", address: "10.0.0.1" }] },
	};
}

const rawServiceCIDR: RawObject = {
	kind: "ServiceCIDR",
	metadata: { name: "kubernetes" },
	spec: { cidrs: ["10.96.0.0/16"] },
};

/** Fills the server, and watches all that the model reads. */
function everything(more: (server: TestApiServer) => void = () => {}): WatchedServerOptions {
	return {
		kinds: SERVICE_KINDS,
		source: { nodeName: "node-a" },
		prepare(server) {
			server.store.set(rawNode("node-a", "z1"));
			server.store.set(rawNode("node-b", "z2"));
			server.store.set(rawServiceCIDR);
			server.store.set(serviceNamed("web"));
			more(server);
		},
	};
}

for (const streamingList of [true, false]) {
	const how = streamingList ? "a streaming list" : "pages and a watch";
	test(`Of all nodes only this one comes by ${how}, with each change and its end`, async (t) => {
		const { server, sink, synced } = await watchServer(t, { ...everything(), server: { streamingList } });
		await synced();
		t.deepEqual([...sink.objects.keys()].toSorted(), [
			"Node node-a",
			"Service shop/web",
			"ServiceCIDR kubernetes",
		]);
		await until("the watches", () => server.watches.size === 4);
		server.store.set(rawNode("node-b", "z3"));
		server.store.set(rawNode("node-a", "z2"));
		await until("the change", () => sink.calls.filter((call) => call === "set Node node-a").length === 2);
		t.like(sink.objects.get("Node node-a"), { zone: "z2" });
		server.store.delete("Node", "", "node-a");
		await until("the deletion", () => !sink.objects.has("Node node-a"));
		const asked = server.requests.filter(({ resource }) => resource === "nodes");
		t.true(asked.every(({ query }) => query.fieldSelector === "metadata.name=node-a"));
		t.true(asked.every(({ query }) => query.labelSelector === undefined));
	});
}

test("A node that vanished while nobody watched is deleted by the relist", async (t) => {
	const { server, sink, synced } = await watchServer(t, everything());
	await synced();
	await server.stop();
	server.store.delete("Node", "", "node-a");
	server.store.compact();
	await server.start();
	await until("the deletion", () => sink.calls.includes("delete Node node-a"));
	t.false(sink.objects.has("Node node-a"));
});

test("Without a node name no node is asked for, and the source syncs", async (t) => {
	const { server, source, synced } = await watchServer(t, { ...everything(), source: {} });
	await synced();
	t.deepEqual(source.kinds, ["Service", "EndpointSlice", "ServiceCIDR"]);
	t.is(server.count({ resource: "nodes" }), 0);
});

for (const streamingList of [true, false]) {
	const how = streamingList ? "with" : "without";
	test(`An older server ${how} streaming lists has no ServiceCIDRs: said once, and tried again later`, async (t) => {
		const { server, source, sink, clock, synced } = await watchServer(t, {
			...everything(),
			server: { streamingList, absent: ["servicecidrs"] },
		});
		await synced();
		await until("the next try", () => clock.sleeps.filter((ms) => ms === 600_000).length > 1);
		t.deepEqual(source.status().problems, []);
		t.deepEqual(sink.notices, [
			"info servicecidrs: the API server does not have them (Kubernetes has from 1.33 on); going on without",
		]);
		server.absent.clear();
		await until("the ServiceCIDR", () => sink.objects.has("ServiceCIDR kubernetes"));
		t.is(sink.notices.length, 1);
	});
}

const dispensable = [
	{ resource: "nodes", group: "", key: "Node node-a" },
	{ resource: "servicecidrs", group: "networking.k8s.io", key: "ServiceCIDR kubernetes" },
] as const;

for (const { resource, group, key } of dispensable) {
	test(`Without permission for ${resource} the rule is named and all else syncs, until it is granted`, async (t) => {
		const { server, source, sink, synced } = await watchServer(
			t,
			everything((server) => server.setForbidden({ verb: "watch", resource }, true)),
		);
		await synced();
		await until("the problem", () => source.status().problems.length > 0);
		const [problem = ""] = source.status().problems;
		const rule = `${resource}: no permission (403); grant the verbs list and watch on ${resource} in API group "${group}" by a ClusterRole;`;
		t.true(problem.startsWith(rule), problem);
		t.true(problem.endsWith("; Services are served without them, trying again"), problem);
		t.true(sink.objects.has("Service shop/web"));
		t.false(sink.objects.has(key));
		server.setForbidden({ verb: "watch", resource }, false);
		await until("the object", () => sink.objects.has(key));
		await until("the end of the problem", () => source.status().problems.length === 0);
	});
}

test("An object of no namespace that is broken is named as what it is, and its last good state stays", async (t) => {
	const { server, source, sink, synced } = await watchServer(t, everything());
	await synced();
	server.store.set({ ...rawServiceCIDR, spec: { cidrs: ["10.96.0.0"] } });
	await until("the problem", () => source.status().problems.length > 0);
	t.deepEqual(source.status().problems, [
		'ServiceCIDR kubernetes: spec.cidrs[0] is "10.96.0.0", which is no CIDR; write it as 10.0.0.0/8 or fd00::/64; its last good state keeps serving',
	]);
	t.like(sink.objects.get("ServiceCIDR kubernetes"), { cidrs: ["10.96.0.0/16"] });
});
