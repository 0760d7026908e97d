import { appendFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { until } from "../until.ts";
import {
	type ManifestDirectory,
	manifestDirectory,
	serviceYaml,
	sliceYaml,
	watchManifests,
} from "./manifest-directory.ts";

const clusterIPOf = ({ sink }: ManifestDirectory, name: string): string | undefined => {
	const object = sink.objects.get(`Service default/${name}`);
	return object?.kind === "Service" ? object.clusterIPs[0] : undefined;
};

const changes: readonly { what: string; change: (manifests: ManifestDirectory) => Promise<void> }[] = [
	{
		what: "written in place",
		change: ({ write }) => write("a.yaml", serviceYaml("web", { ip: "10.96.0.2" })),
	},
	{
		what: "written beside and renamed over, as editors do",
		change: async ({ write, path }) => {
			await write(".a.yaml.swp", serviceYaml("web", { ip: "10.96.0.2" }));
			await rename(path(".a.yaml.swp"), path("a.yaml"));
		},
	},
	{
		what: "moved away as a backup and written anew",
		change: async ({ write, path }) => {
			await rename(path("a.yaml"), path("a.yaml~"));
			await write("a.yaml", serviceYaml("web", { ip: "10.96.0.2" }));
			await rm(path("a.yaml~"));
		},
	},
	{
		what: "written in two halves",
		change: async ({ path }) => {
			const text = serviceYaml("web", { ip: "10.96.0.2" });
			await writeFile(path("a.yaml"), text.slice(0, text.length / 2));
			await appendFile(path("a.yaml"), text.slice(text.length / 2));
		},
	},
	{
		what: "deleted and there again under another name",
		change: async ({ write, path }) => {
			await rm(path("a.yaml"));
			await write("b.yml", serviceYaml("web", { ip: "10.96.0.2" }));
		},
	},
];

for (const { what, change } of changes) {
	test(`A file that is ${what} changes its object, and nothing is deleted on the way`, async (t) => {
		const manifests = await manifestDirectory(t, { "a.yaml": serviceYaml("web", { ip: "10.96.0.1" }) });
		await change(manifests);
		await until("the change", () => clusterIPOf(manifests, "web") === "10.96.0.2", manifests.problems);
		t.false(manifests.sink.calls.some((call) => call.startsWith("delete")));
	});
}

test("Objects of a file that goes, and documents that go, are deleted; what stays is not said again", async (t) => {
	const { sink, write, path } = await manifestDirectory(t, {
		"a.yaml": `${serviceYaml("one", { ip: "10.96.0.1" })}---\n${serviceYaml("two", { ip: "10.96.0.2" })}`,
		"b.yaml": sliceYaml("three"),
	});
	await write("a.yaml", serviceYaml("one", { ip: "10.96.0.1" }));
	await until("the first deletion", () => sink.objects.size === 2);
	await rm(path("b.yaml"));
	await until("the second deletion", () => sink.objects.size === 1);
	t.deepEqual(sink.calls, [
		"set Service default/one",
		"set Service default/two",
		"set EndpointSlice default/three",
		"synced Service",
		"synced EndpointSlice",
		"synced Node",
		"synced ServiceCIDR",
		"delete Service default/two",
		"delete EndpointSlice default/three",
	]);
});

test("A directory of links that is swapped at once, as a mounted ConfigMap is, changes its objects", async (t) => {
	const directory = await temporaryDirectory(t);
	const version = async (name: string, ip: string): Promise<void> => {
		await mkdir(join(directory, name));
		await writeFile(join(directory, name, "a.yaml"), serviceYaml("web", { ip }));
	};
	await version("..2026_1", "10.96.0.1");
	await symlink("..2026_1", join(directory, "..data"));
	await symlink("..data/a.yaml", join(directory, "a.yaml"));
	const manifests = await watchManifests(t, directory, { pollMs: 60_000 });
	for (const turn of [2, 3]) {
		await version(`..2026_${turn}`, `10.96.0.${turn}`);
		await symlink(`..2026_${turn}`, join(directory, "..data_tmp"));
		await rename(join(directory, "..data_tmp"), join(directory, "..data"));
		await rm(join(directory, `..2026_${turn - 1}`), { recursive: true });
		await until(`swap ${turn}`, () => clusterIPOf(manifests, "web") === `10.96.0.${turn}`);
	}
	t.false(manifests.sink.calls.some((call) => call.startsWith("delete")));
});

test("A directory that is itself a link that moves on is followed", async (t) => {
	const parent = await temporaryDirectory(t);
	for (const turn of [1, 2]) {
		await mkdir(join(parent, `release-${turn}`));
		await writeFile(join(parent, `release-${turn}`, "a.yaml"), serviceYaml("web", { ip: `10.96.0.${turn}` }));
	}
	await symlink("release-1", join(parent, "current"));
	const manifests = await watchManifests(t, join(parent, "current"), { pollMs: 20 });
	await symlink("release-2", join(parent, "next"));
	await rename(join(parent, "next"), join(parent, "current"));
	await until("the other release", () => clusterIPOf(manifests, "web") === "10.96.0.2");
	await writeFile(join(parent, "release-2", "a.yaml"), serviceYaml("web", { ip: "10.96.0.3" }));
	await until("a change in it", () => clusterIPOf(manifests, "web") === "10.96.0.3");
	t.pass();
});

test("A directory that vanishes leaves the last state, says so, and is followed when it is back", async (t) => {
	const directory = join(await temporaryDirectory(t), "manifests");
	await mkdir(directory);
	await writeFile(join(directory, "a.yaml"), serviceYaml("web", { ip: "10.96.0.1" }));
	const manifests = await watchManifests(t, directory, { pollMs: 20 });
	// At once, so that nobody sees it half empty.
	await rename(directory, `${directory}.away`);
	await until("the problem", () => manifests.source.status().problems.length === 1);
	t.deepEqual(manifests.source.status().problems, [
		`manifests: ${directory} does not exist; create it, or give another directory; the last state keeps serving`,
	]);
	t.is(clusterIPOf(manifests, "web"), "10.96.0.1");
	await mkdir(directory);
	await writeFile(join(directory, "a.yaml"), serviceYaml("web", { ip: "10.96.0.2" }));
	await until("the new state", () => clusterIPOf(manifests, "web") === "10.96.0.2");
	t.deepEqual(manifests.source.status().problems, []);
	await writeFile(join(directory, "a.yaml"), serviceYaml("web", { ip: "10.96.0.3" }));
	await until("a change in it", () => clusterIPOf(manifests, "web") === "10.96.0.3");
});

const spoiled: readonly { what: string; text: string; problem: RegExp }[] = [
	{
		what: "gets a wrong port",
		text: `${serviceYaml("web", { port: "0" })}---\n${serviceYaml("api", { ip: "10.96.0.5" })}`,
		problem:
			/^a\.yaml:8: Service default\/web: spec\.ports\[0\]\.port is 0; .*; its last good state keeps serving$/,
	},
	{
		what: "is no YAML any more",
		text: `${serviceYaml("api", { ip: "10.96.0.5" })}---\n{{ template\n`,
		problem: /^a\.yaml:\d+: not valid YAML: .*; what this file held before keeps serving$/,
	},
	{
		what: "loses its name",
		text: `${serviceYaml("api", { ip: "10.96.0.5" })}---\n${serviceYaml('""')}`,
		problem: /^a\.yaml:\d+: Service default\/\(no name\): metadata\.name is missing/,
	},
];

for (const { what, text, problem } of spoiled) {
	test(`A good document that ${what} keeps its last good state while the rest of the file changes`, async (t) => {
		const manifests = await manifestDirectory(t, {
			"a.yaml": `${serviceYaml("web")}---\n${serviceYaml("api", { ip: "10.96.0.4" })}`,
		});
		await manifests.write("a.yaml", text);
		await until("the change of the other", () => clusterIPOf(manifests, "api") === "10.96.0.5");
		t.is(clusterIPOf(manifests, "web"), "10.96.0.10");
		t.is(manifests.problems().length, 1);
		t.regex(manifests.problems()[0] ?? "", problem);
		await manifests.write("a.yaml", serviceYaml("api", { ip: "10.96.0.6" }));
		await until("the deletion, once the file is whole", () => clusterIPOf(manifests, "web") === undefined);
		t.deepEqual(manifests.problems(), []);
	});
}

test("Other kinds, other groups' Services, empty documents and what is for another proxy are passed over quietly", async (t) => {
	const { sink, problems } = await manifestDirectory(t, {
		"a.yaml": [
			"# only a comment\n",
			"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: many}\n",
			"kind: ConfigMap\ndata: {a: b}\n",
			"apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: knative}\n",
			serviceYaml("other").replace(
				"  name: other",
				"  name: other\n  labels: {service.kubernetes.io/service-proxy-name: x}",
			),
			serviceYaml("none").replace(
				"  name: none",
				"  name: none\n  labels: {service.kubernetes.io/headless: ''}",
			),
			"",
			"kind: DeploymentList\nitems: [{metadata: {}}]\n",
			serviceYaml("mine"),
		].join("---\n"),
		"notes.txt": "a: [",
		".hidden.yaml": "a: [",
		"backup.yaml~": "a: [",
	});
	t.deepEqual([...sink.objects.keys()], ["Service default/mine"]);
	t.deepEqual(problems(), []);
});

const LISTS: readonly { what: string; name: string; text: string }[] = [
	{
		what: "a List",
		name: "a.yaml",
		text: `apiVersion: v1\nkind: List\nitems:\n${indent(serviceYaml("web"))}${indent(sliceYaml("web-1"))}`,
	},
	{
		what: "a ServiceList and an EndpointSliceList as the API gives them",
		name: "a.json",
		text: `{"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"web","namespace":"default"},"spec":{"clusterIP":"10.96.0.10","clusterIPs":["10.96.0.10"],"ports":[{"port":80}]}}]}
{"kind":"EndpointSliceList","apiVersion":"discovery.k8s.io/v1","items":[{"metadata":{"name":"web-1"},"addressType":"IPv4","endpoints":null,"ports":null}]}`,
	},
];

for (const { what, name, text } of LISTS) {
	test(`${what[0]?.toUpperCase()}${what.slice(1)} is read item by item`, async (t) => {
		const { sink, problems } = await manifestDirectory(t, { [name]: text });
		t.deepEqual(problems(), []);
		t.deepEqual([...sink.objects.keys()], ["Service default/web", "EndpointSlice default/web-1"]);
	});
}

test("What people leave out is filled in: namespace, clusterIPs, protocol, conditions; addresses get one spelling", async (t) => {
	const { sink } = await manifestDirectory(t, {
		"a.yaml": `${serviceYaml("web", { ip: '"FD00:0:0::0A"' })}---\n${sliceYaml("web-1")}`,
	});
	t.deepEqual(sink.objects.get("Service default/web"), {
		kind: "Service",
		namespace: "default",
		name: "web",
		labels: {},
		createdMs: undefined,
		type: "ClusterIP",
		clusterIPs: ["fd00::a"],
		externalIPs: [],
		loadBalancerIPs: [],
		loadBalancerSourceRanges: [],
		ports: [{ name: "", protocol: "TCP", port: 80, nodePort: 0 }],
		affinityTimeoutS: 0,
		externalTrafficPolicy: "Cluster",
		internalTrafficPolicy: "Cluster",
		healthCheckNodePort: 0,
	});
	t.deepEqual(sink.objects.get("EndpointSlice default/web-1"), {
		kind: "EndpointSlice",
		namespace: "default",
		name: "web-1",
		service: "web",
		addressType: "IPv4",
		ports: [{ name: "", protocol: "TCP", port: 80 }],
		endpoints: [
			{
				addresses: ["10.0.0.1"],
				ready: true,
				serving: true,
				terminating: false,
				nodeName: undefined,
				forZones: [],
				forNodes: [],
			},
		],
		triggerTimeMs: undefined,
	});
});

test("A LoadBalancer Service is read with all that it says of its clients", async (t) => {
	const yaml = `apiVersion: v1
kind: Service
metadata: {name: web, creationTimestamp: 2026-11-20T12:46:42Z}
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.10
  ports: [{port: 80, nodePort: 30080}]
  externalIPs: [198.51.100.9]
  sessionAffinity: ClientIP
  externalTrafficPolicy: Local
  healthCheckNodePort: 31000
  loadBalancerSourceRanges: [203.0.113.0/24]
  trafficDistribution: PreferSameNode
status:
  loadBalancer:
    ingress: [{ip: 192.0.2.1}, {ip: 192.0.2.2, ipMode: Proxy}, {ip: 192.0.2.3, ipMode: VIP}, {hostname: lb.example}]
`;
	const { sink, problems } = await manifestDirectory(t, { "a.yaml": yaml });
	t.deepEqual(problems(), []);
	t.like(sink.objects.get("Service default/web"), {
		createdMs: Date.UTC(2026, 10, 20, 12, 46, 42),
		type: "LoadBalancer",
		ports: [{ name: "", protocol: "TCP", port: 80, nodePort: 30080 }],
		externalIPs: ["198.51.100.9"],
		loadBalancerIPs: ["192.0.2.1", "192.0.2.3"],
		loadBalancerSourceRanges: ["203.0.113.0/24"],
		affinityTimeoutS: 10800,
		externalTrafficPolicy: "Local",
		internalTrafficPolicy: "Cluster",
		healthCheckNodePort: 31000,
	});
});

test("Nodes and ServiceCIDRs lie in no namespace", async (t) => {
	const yaml = `apiVersion: v1
kind: Node
metadata: {name: node-a.example, labels: {topology.kubernetes.io/zone: z1}}
spec: {podCIDR: 10.244.1.7/24}
status:
  addresses: [{type: InternalIP, address: 10.0.0.1}, {type: Hostname, address: node-a}]
---
apiVersion: networking.k8s.io/v1
kind: ServiceCIDR
metadata: {name: kubernetes}
spec: {cidrs: [10.96.0.0/16, "FD00:96::/112"]}
`;
	const { sink, problems, write } = await manifestDirectory(t, { "a.yaml": yaml }, { pollMs: 20 });
	t.deepEqual(problems(), []);
	t.deepEqual(sink.objects.get("Node node-a.example"), {
		kind: "Node",
		namespace: "",
		name: "node-a.example",
		zone: "z1",
		addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
		podCIDRs: ["10.244.1.0/24"],
		deleting: false,
	});
	t.like(sink.objects.get("ServiceCIDR kubernetes"), { cidrs: ["10.96.0.0/16", "fd00:96::/112"] });
	await write("a.yaml", serviceYaml("web"));
	await until("the deletions", () => sink.objects.size === 1);
	t.true(sink.calls.includes("delete Node node-a.example"));
});

test("Headless and ExternalName Services have no addresses and are no problem", async (t) => {
	const { sink, problems } = await manifestDirectory(t, {
		"a.yaml": `${serviceYaml("none", { ip: "None" })}---\napiVersion: v1\nkind: Service\nmetadata: {name: ext}\nspec: {type: ExternalName, externalName: db.example}\n`,
	});
	t.deepEqual(problems(), []);
	t.like(sink.objects.get("Service default/none"), { clusterIPs: [] });
	t.like(sink.objects.get("Service default/ext"), { clusterIPs: [], type: "ExternalName" });
});

test("Anchors, merge keys and a byte order mark are fine", async (t) => {
	const text = `\uFEFFapiVersion: v1
kind: Service
metadata: {name: web}
x-port: &port {protocol: UDP, name: dns}
spec:
  clusterIP: 10.96.0.10
  ports:
  - <<: *port
    port: 53
`;
	const { sink, problems } = await manifestDirectory(t, { "a.yaml": text });
	t.deepEqual(problems(), []);
	t.like(sink.objects.get("Service default/web"), { ports: [{ name: "dns", protocol: "UDP", port: 53 }] });
});

function indent(yaml: string): string {
	return yaml
		.trimEnd()
		.split("\n")
		.map((line, index) => `${index === 0 ? "- " : "  "}${line}\n`)
		.join("");
}

async function temporaryDirectory(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp(join(tmpdir(), "kproxy-manifests-"));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	return directory;
}
