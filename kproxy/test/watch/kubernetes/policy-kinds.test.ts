import test from "ava";
import { KINDS, SERVICE_KINDS } from "../../../src/model/objects.ts";
import type { TestApiServer } from "../../api-server/server.ts";
import type { RawObject } from "../../api-server/store.ts";
import { until } from "../until.ts";
import { serviceNamed, watchServer } from "./watched-server.ts";

function rawPod(name: string, fields: { ip?: string; phase?: string; labels?: object } = {}): RawObject {
	const { ip, phase = "Running", labels = { app: "web" } } = fields;
	return {
		kind: "Pod",
		metadata: { namespace: "shop", name, labels, managedFields: [{ manager: "kubelet" }] },
		spec: {
			nodeName: "node-a",
			containers: [{ name: "c", image: "web", ports: [{ name: "http", containerPort: 8080 }] }],
		},
		status: { phase, ...(ip !== undefined && { podIP: ip, podIPs: [{ ip }] }) },
	};
}

const rawNamespace: RawObject = { kind: "Namespace", metadata: { name: "shop", labels: { team: "a" } } };
const rawPolicy: RawObject = {
	kind: "NetworkPolicy",
	metadata: { namespace: "shop", name: "deny" },
	spec: { podSelector: {}, policyTypes: ["Ingress"] },
};

function fill({ store }: TestApiServer): void {
	store.set(rawNamespace);
	store.set(rawPolicy);
	store.set(rawPod("web-1", { ip: "10.244.1.2" }));
	store.set(rawPod("job-1", { ip: "10.244.1.3", phase: "Succeeded" }));
	store.set(serviceNamed("web"));
}

for (const streamingList of [true, false]) {
	const how = streamingList ? "a streaming list" : "pages and a watch";
	test(`Pods that have not ended, namespaces and policies come by ${how}, with each change and their end`, async (t) => {
		const { server, sink, synced } = await watchServer(t, {
			kinds: KINDS,
			source: { nodeName: "node-a" },
			prepare: fill,
			server: { streamingList },
		});
		await synced();
		t.deepEqual([...sink.objects.keys()].toSorted(), [
			"Namespace shop",
			"NetworkPolicy shop/deny",
			"Pod shop/web-1",
			"Service shop/web",
		]);
		t.deepEqual(sink.objects.get("Pod shop/web-1"), {
			kind: "Pod",
			namespace: "shop",
			name: "web-1",
			labels: { app: "web" },
			addresses: ["10.244.1.2"],
			nodeName: "node-a",
			hostNetwork: false,
			ports: [{ name: "http", protocol: "TCP", port: 8080 }],
		});
		await until("the watches", () => server.watches.size === KINDS.length);
		server.store.set(rawPod("web-2"));
		await until("a pod without an address", () => sink.objects.has("Pod shop/web-2"));
		t.like(sink.objects.get("Pod shop/web-2"), { addresses: [] });
		server.store.set(rawPod("web-2", { ip: "fd00:10:244:1::9" }));
		const addressesOf = (key: string) => {
			const pod = sink.objects.get(key);
			return pod?.kind === "Pod" ? pod.addresses.join() : undefined;
		};
		await until("its address", () => addressesOf("Pod shop/web-2") === "fd00:10:244:1::9");
		server.store.set(rawPod("web-1", { ip: "10.244.1.2", phase: "Failed" }));
		await until("the end of a pod that is still there", () => !sink.objects.has("Pod shop/web-1"));
		server.store.delete("NetworkPolicy", "shop", "deny");
		await until("the end of a policy", () => !sink.objects.has("NetworkPolicy shop/deny"));
	});
}

test("What policy reads is not asked for where only Services are served", async (t) => {
	const { server, sink, synced } = await watchServer(t, {
		kinds: SERVICE_KINDS,
		source: { nodeName: "node-a" },
		prepare: fill,
	});
	await synced();
	t.deepEqual([...sink.objects.keys()], ["Service shop/web"]);
	const asked = new Set(server.requests.map(({ resource }) => resource));
	for (const resource of ["pods", "namespaces", "networkpolicies"]) t.false(asked.has(resource), resource);
});
