import test from "ava";
import { KINDS, SERVICE_KINDS } from "../../../src/model/objects.ts";
import { until } from "../until.ts";
import { manifestDirectory } from "./manifest-directory.ts";

const FILES = {
	"policy.yaml": `apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web, service.kubernetes.io/headless: ""}}
spec: {nodeName: node-a, containers: []}
status: {podIPs: [{ip: 10.244.1.2}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}}
`,
};

test("A directory's pods, namespaces and policies come, whatever labels they have that mean something for Services", async (t) => {
	const manifests = await manifestDirectory(t, FILES, { kinds: KINDS });
	const { sink } = manifests;
	t.deepEqual([...sink.objects.keys()].toSorted(), [
		"Namespace shop",
		"NetworkPolicy shop/deny",
		"Pod shop/web",
	]);
	t.like(sink.objects.get("Pod shop/web"), { addresses: ["10.244.1.2"], nodeName: "node-a" });
	await manifests.write("policy.yaml", FILES["policy.yaml"].replace("10.244.1.2", "10.244.1.7"));
	await until("the change", () => {
		const pod = sink.objects.get("Pod shop/web");
		return pod?.kind === "Pod" && pod.addresses[0] === "10.244.1.7";
	});
	await manifests.write("policy.yaml", FILES["policy.yaml"].split("---").slice(0, 2).join("---"));
	await until("the end of a policy", () => !sink.objects.has("NetworkPolicy shop/deny"));
});

test("They are passed over quietly where only Services are served", async (t) => {
	const { sink, problems } = await manifestDirectory(t, FILES, { kinds: SERVICE_KINDS });
	t.is(sink.objects.size, 0);
	t.deepEqual(problems(), []);
});
