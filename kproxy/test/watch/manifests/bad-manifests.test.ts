import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { until } from "../until.ts";
import { brokenTraffic } from "./broken-traffic.ts";
import { manifestDirectory, serviceYaml, sliceYaml } from "./manifest-directory.ts";

const service = serviceYaml("web");
const slice = sliceYaml("web-1");

/** One broken document each; a good one stands before and after it, so its first line is 10. */
const broken: readonly { what: string; yaml: string; problem: string }[] = [
	{ what: "an unclosed list", yaml: "a: [1\n", problem: ":11: not valid YAML: Flow sequence" },
	{
		what: "a tab as indentation",
		yaml: "kind: Service\nmetadata:\n\tname: web\n",
		problem: ":12: not valid YAML: Tabs are not allowed",
	},
	{
		what: "a key that is there twice",
		yaml: service.replace("spec:", "kind: Service\nspec:"),
		problem: ":14: not valid YAML: Map keys must be unique",
	},
	{
		what: "wrong indentation",
		yaml: service.replace("  ports:", " ports:"),
		problem: ":16: not valid YAML: All mapping items must start at the same column",
	},
	{
		what: "an alias without its anchor",
		yaml: service.replace("10.96.0.10", "*ip"),
		problem: ":10: not valid YAML: Unresolved alias",
	},
	{
		what: "text instead of an object",
		yaml: "hello\n",
		problem: ':10: the document is "hello", not an object',
	},
	{
		what: "a list instead of an object",
		yaml: "- a\n- b\n",
		problem: ":10: the document is a list, not an object",
	},
	{ what: "no kind", yaml: service.replace("kind: Service\n", ""), problem: ":10: the document has no kind" },
	{
		what: "a kind in lower case",
		yaml: service.replace("kind: Service", "kind: service"),
		problem: ':11: Service default/web: kind is "service"; write Service',
	},
	{
		what: "no apiVersion",
		yaml: service.replace("apiVersion: v1\n", ""),
		problem: "Service default/web: apiVersion is missing; write v1",
	},
	{
		what: "an apiVersion of old",
		yaml: slice.replace("/v1", "/v1beta1"),
		problem:
			':10: EndpointSlice default/web-1: apiVersion is "discovery.k8s.io/v1beta1"; write discovery.k8s.io/v1',
	},
	{
		what: "no name",
		yaml: service.replace("  name: web\n", "  labels: {a: b}\n"),
		problem: ":13: Service default/(no name): metadata.name is missing",
	},
	{
		what: "a name in capitals",
		yaml: serviceYaml("Web"),
		problem: ":13: Service default/Web: metadata.name is \"Web\"; use lower case letters, digits and '-'",
	},
	{
		what: "a name of 64 characters",
		yaml: serviceYaml("a".repeat(64)),
		problem: "metadata.name has 64 characters; 63 are allowed",
	},
	{
		what: "a bad namespace",
		yaml: service.replace("  name: web", "  name: web\n  namespace: a.b"),
		problem: ':14: Service a.b/web: metadata.namespace is "a.b"',
	},
	{
		what: "a label that is a number",
		yaml: service.replace("  name: web", "  name: web\n  labels:\n    tier: 1"),
		problem: ":15: Service default/web: metadata.labels.tier is 1; it must be text, so put it in quotes",
	},
	{
		what: "no spec",
		yaml: service.split("spec:")[0] ?? "",
		problem: ":10: Service default/web: spec is missing",
	},
	{
		what: "no clusterIP",
		yaml: service.replace("  clusterIP: 10.96.0.10\n", ""),
		problem:
			':15: Service default/web: spec.clusterIP is missing; no API server fills it in for a manifest: give an address, or "None" for headless',
	},
	{
		what: "a clusterIP that is none",
		yaml: serviceYaml("web", { ip: "10.96.0.256" }),
		problem: ':15: Service default/web: spec.clusterIP is "10.96.0.256", which is not an IP address',
	},
	{
		what: "a clusterIP with a leading zero",
		yaml: serviceYaml("web", { ip: "10.96.0.010" }),
		problem: 'spec.clusterIP is "10.96.0.010", which is not an IP address',
	},
	{
		what: "an IPv4-mapped clusterIP",
		yaml: serviceYaml("web", { ip: '"::ffff:10.0.0.1"' }),
		problem: 'spec.clusterIP is "::ffff:10.0.0.1", which is not an IP address',
	},
	{
		what: "a loopback clusterIP",
		yaml: serviceYaml("web", { ip: "127.0.0.1" }),
		problem: "spec.clusterIP is 127.0.0.1, a loopback address; it cannot be the address of a Service",
	},
	{
		what: "a multicast clusterIP",
		yaml: serviceYaml("web", { ip: '"ff02::1"' }),
		problem: "spec.clusterIP is ff02::1, a multicast address",
	},
	{
		what: "two clusterIPs of one family",
		yaml: service.replace("clusterIP: 10.96.0.10", "clusterIPs: [10.96.0.1, 10.96.0.2]"),
		problem: ":15: Service default/web: spec.clusterIPs has two addresses of one IP family",
	},
	{
		what: "three clusterIPs",
		yaml: service.replace("clusterIP: 10.96.0.10", 'clusterIPs: [10.96.0.1, "fd00::1", "fd00::2"]'),
		problem: "spec.clusterIPs has 3 addresses; at most one for each IP family",
	},
	{
		what: "clusterIP and clusterIPs that differ",
		yaml: service.replace("  ports:", "  clusterIPs: [10.96.0.11]\n  ports:"),
		problem:
			':15: Service default/web: spec.clusterIP is "10.96.0.10", but the first of spec.clusterIPs is "10.96.0.11"',
	},
	{
		what: "an unknown type",
		yaml: service.replace("spec:", "spec:\n  type: Cluster"),
		problem:
			':15: Service default/web: spec.type is "Cluster"; it must be one of ClusterIP, NodePort, LoadBalancer, ExternalName',
	},
	{
		what: "no ports",
		yaml: service.split("  ports:")[0] ?? "",
		problem: ":15: Service default/web: spec.ports has no port; a Service that is dialled needs one",
	},
	{
		what: "ports that are no list",
		yaml: service.replace("- port: 80", "  port: 80"),
		problem: ":17: Service default/web: spec.ports is a mapping; it must be a list",
	},
	{
		what: "a port of 0",
		yaml: serviceYaml("web", { port: "0" }),
		problem: ":17: Service default/web: spec.ports[0].port is 0; ports are numbers from 1 to 65535",
	},
	{
		what: "a port of 70000",
		yaml: serviceYaml("web", { port: "70000" }),
		problem: ":17: Service default/web: spec.ports[0].port is 70000; ports are numbers from 1 to 65535",
	},
	{
		what: "a port in quotes",
		yaml: serviceYaml("web", { port: '"80"' }),
		problem: ':17: Service default/web: spec.ports[0].port is the text "80"; write the number without quotes',
	},
	{
		what: "a port without a number",
		yaml: service.replace("- port: 80", "- name: http"),
		problem: "spec.ports[0].port is missing; it must be a number from 1 to 65535",
	},
	{
		what: "a protocol in lower case",
		yaml: `${service}    protocol: udp\n`,
		problem: ':18: Service default/web: spec.ports[0].protocol is "udp"; write UDP',
	},
	{
		what: "an unknown protocol",
		yaml: `${service}    protocol: HTTP\n`,
		problem: ':18: Service default/web: spec.ports[0].protocol is "HTTP"; it must be one of TCP, UDP, SCTP',
	},
	{
		what: "several ports without names",
		yaml: `${service}  - port: 81\n`,
		problem:
			"spec.ports[0] has no name; a Service with several ports needs one for each (and 1 more problem)",
	},
	{
		what: "a port name that is there twice",
		yaml: `${service}    name: a\n  - {port: 81, name: a}\n`,
		problem: ":19: Service default/web: spec.ports[1] has the name a again, as spec.ports[0] does",
	},
	{
		what: "a port that is there twice",
		yaml: `${service}    name: a\n  - {port: 80, name: b}\n`,
		problem: ":19: Service default/web: spec.ports[1] has port 80/TCP again, as spec.ports[0] does",
	},
	{
		what: "a bad port name",
		yaml: `${service}    name: Http_1\n`,
		problem: ':18: Service default/web: spec.ports[0].name is "Http_1"',
	},
	{
		what: "a slice without an addressType",
		yaml: slice.replace("addressType: IPv4\n", ""),
		problem: "EndpointSlice default/web-1: addressType is missing; it must be one of IPv4, IPv6, FQDN",
	},
	{
		what: "a slice with a wrong addressType",
		yaml: sliceYaml("web-1", { addressType: "ipv4" }),
		problem: ':16: EndpointSlice default/web-1: addressType is "ipv4"; write IPv4',
	},
	{
		what: "an endpoint of the other family",
		yaml: sliceYaml("web-1", { address: '"fd00::1"' }),
		problem:
			":19: EndpointSlice default/web-1: endpoints[0].addresses[0] is fd00::1, an IPv6 address in a slice with addressType IPv4",
	},
	{
		what: "an endpoint that is no address",
		yaml: sliceYaml("web-1", { address: "web.example" }),
		problem:
			':19: EndpointSlice default/web-1: endpoints[0].addresses[0] is "web.example", which is not an IP address',
	},
	{
		what: "an endpoint that nobody can have",
		yaml: sliceYaml("web-1", { address: "0.0.0.0" }),
		problem: "endpoints[0].addresses[0] is 0.0.0.0, which no endpoint can have",
	},
	{
		what: "an endpoint without addresses",
		yaml: slice.replace("- addresses:\n  - 10.0.0.1", "- nodeName: a"),
		problem: ":18: EndpointSlice default/web-1: endpoints[0].addresses has no address",
	},
	{
		what: "a condition that is text",
		yaml: slice.replace("ports:", "  conditions: {ready: 'yes'}\nports:"),
		problem:
			':20: EndpointSlice default/web-1: endpoints[0].conditions.ready is "yes"; it must be true or false',
	},
	{
		what: "a slice port out of range",
		yaml: sliceYaml("web-1", { port: "65536" }),
		problem: ":21: EndpointSlice default/web-1: ports[0].port is 65536; ports are numbers from 1 to 65535",
	},
	{
		what: "slice ports of one name",
		yaml: `${slice}- port: 81\n`,
		problem: "EndpointSlice default/web-1: ports[1] has no name either, as ports[0] does; names must differ",
	},
	{
		what: "a bad item in a list",
		yaml: "kind: List\napiVersion: v1\nitems:\n- 5\n",
		problem: ":13: item 1 of the list is 5, not an object",
	},
	{
		what: "a bad port in a list's item",
		yaml: "kind: ServiceList\napiVersion: v1\nitems:\n- metadata: {name: web}\n  spec:\n    clusterIP: 10.96.0.1\n    ports:\n    - port: -1\n",
		problem: ":17: Service default/web: spec.ports[0].port is -1",
	},
	{
		what: "an object that was already there",
		yaml: serviceYaml("before"),
		problem: ":10: Service default/before is here again, after line 1; the first is used",
	},
];

for (const { what, yaml, problem } of [...broken, ...brokenTraffic]) {
	test(`A document with ${what} is reported with file and line, and the others serve`, async (t) => {
		const text = [serviceYaml("before"), yaml, serviceYaml("after", { ip: "10.96.0.20" })].join("---\n");
		const { problems, sink } = await manifestDirectory(t, { "shop.yaml": text });
		t.deepEqual([...sink.objects.keys()], ["Service default/before", "Service default/after"]);
		t.is(problems().length, 1);
		const [line = ""] = problems();
		t.true(line.startsWith("shop.yaml:"), line);
		t.true(line.includes(problem), `${line} has not: ${problem}`);
		t.deepEqual(sink.notices.length, 1);
	});
}

const files: readonly { what: string; name: string; text: string | Uint8Array; problem: RegExp }[] = [
	{
		what: "JSON that breaks off",
		name: "a.json",
		text: '{"kind": "Service",\n "apiVersion": "v1"',
		problem: /^a\.json:2: not valid YAML: Flow map/,
	},
	{
		what: "JSON with a bad port",
		name: "a.json",
		text: '{"kind":"Service","apiVersion":"v1","metadata":{"name":"web"},\n"spec":{"clusterIP":"10.96.0.1",\n"ports":[{"port":99999}]}}',
		problem: /^a\.json:3: Service default\/web: spec\.ports\[0\]\.port is 99999/,
	},
	{
		what: "the second of two JSON objects broken",
		name: "a.json",
		text: '{"kind":"ConfigMap"}\n\n{"kind":\n"Service"}\n',
		problem: /^a\.json:[34]: Service default\/\(no name\): apiVersion is missing/,
	},
	{
		what: "bytes that are no text",
		name: "a.yaml",
		text: Uint8Array.of(0xff, 0xfe, 0x00, 0x41),
		problem: /^a\.yaml:1: not UTF-8 text/,
	},
	{
		what: "more aliases than anybody needs",
		name: "a.yaml",
		text: `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\nkind: Service\n`,
		problem: /^a\.yaml:1: not valid YAML: Excessive alias count/,
	},
];

for (const { what, name, text, problem } of files) {
	test(`A file with ${what} is reported, and the other files serve`, async (t) => {
		const { problems, sink } = await manifestDirectory(t, { [name]: text, "good.yml": serviceYaml("good") });
		t.deepEqual([...sink.objects.keys()], ["Service default/good"]);
		t.is(problems().length, 1);
		t.regex(problems()[0] ?? "", problem);
	});
}

test("A link to a file that does not exist is reported, and the other files serve", async (t) => {
	const { problems, sink, path } = await manifestDirectory(
		t,
		{ "good.yaml": serviceYaml("good") },
		{ pollMs: 20 },
	);
	await symlink("nowhere", path("lost.yaml"));
	await until("the problem", () => problems().length === 1);
	t.deepEqual(problems(), ["lost.yaml:1: a link to a file that does not exist"]);
	t.is(sink.objects.size, 1);
});

test("Two files with the same object are both named, and the first by name is used", async (t) => {
	const { problems, sink } = await manifestDirectory(t, {
		"b.yaml": serviceYaml("web", { ip: "10.96.0.2" }),
		"a.yaml": `${serviceYaml("other", { ip: "10.96.0.3" })}---\n${serviceYaml("web", { ip: "10.96.0.1" })}`,
	});
	t.deepEqual(problems(), [
		"b.yaml:1: Service default/web is in a.yaml:10 too; the one from a.yaml:10 is used: remove one",
	]);
	t.like(sink.objects.get("Service default/web"), { clusterIPs: ["10.96.0.1"] });
});

test("A directory that does not exist is an error at the start", async (t) => {
	const { ended } = await manifestDirectoryAt(t, (directory) => join(directory, "missing"));
	t.like(await ended, { code: "MANIFESTS_DIRECTORY" });
	t.regex(String(await ended), /manifests: .*missing does not exist; create it, or give another directory/);
});

test("A file in place of a directory is an error at the start", async (t) => {
	const { ended } = await manifestDirectoryAt(t, (directory) => join(directory, "a.yaml"));
	t.regex(String(await ended), /a\.yaml is a file, not a directory; give the directory that it lies in/);
});

test("A path that leads round in circles is an error at the start", async (t) => {
	const { ended } = await manifestDirectoryAt(t, async (directory) => {
		await symlink("loop", join(directory, "loop"));
		return join(directory, "loop");
	});
	t.regex(String(await ended), /loop cannot be read \(ELOOP\)/);
});

test("A directory without manifests serves nothing and says so, until one comes", async (t) => {
	const { directory, source, write, sink, path } = await manifestDirectory(t, { "README.md": "# nothing" });
	await mkdir(path("inner.yaml"));
	const line = `manifests: ${directory} holds no .yaml, .yml or .json file; nothing is served from it`;
	t.deepEqual(source.status().problems, [line]);
	t.deepEqual(sink.calls, ["synced Service", "synced EndpointSlice", "synced Node", "synced ServiceCIDR"]);
	await write("a.yaml", serviceYaml("web"));
	await until("the Service", () => sink.objects.size === 1);
	t.deepEqual(source.status().problems, []);
});

async function manifestDirectoryAt(
	t: Parameters<typeof manifestDirectory>[0],
	place: (directory: string) => string | Promise<string>,
): Promise<{ ended: Promise<unknown> }> {
	const { directory } = await manifestDirectory(t, { "a.yaml": "" });
	const { watchManifests } = await import("./manifest-directory.ts");
	return watchManifests(t, await place(directory), { pollMs: 1000 });
}
