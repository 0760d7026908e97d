import test from "ava";
import fc from "fast-check";
import { KINDS, type Kind } from "../../src/model/objects.ts";
import { describeProblems, parseObject } from "../../src/model/parse-object.ts";

const api = { origin: "api", intern: (text: string) => text } as const;
const manifest = { origin: "manifest", intern: (text: string) => text } as const;
const META = { name: "web-1", namespace: "shop", resourceVersion: "7" };

const read: readonly { what: string; kind: Kind; raw: object; object: object }[] = [
	{
		what: "A slice without ports and endpoints, as Go writes empty lists,",
		kind: "EndpointSlice",
		raw: { metadata: META, addressType: "IPv6", endpoints: null, ports: null },
		object: { addressType: "IPv6", endpoints: [], ports: [], service: "", triggerTimeMs: undefined },
	},
	{
		what: "A slice whose port has no number",
		kind: "EndpointSlice",
		raw: { metadata: META, addressType: "IPv4", endpoints: [], ports: [{ name: "", port: null }] },
		object: { ports: [{ name: "", protocol: "TCP", port: undefined }] },
	},
	{
		what: "A slice of host names",
		kind: "EndpointSlice",
		raw: { metadata: META, addressType: "FQDN", endpoints: [{ addresses: ["db.example"] }] },
		object: { addressType: "FQDN" },
	},
	{
		what: "An endpoint without conditions",
		kind: "EndpointSlice",
		raw: { metadata: META, addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1"], conditions: {} }] },
		object: {
			endpoints: [
				{ addresses: ["10.0.0.1"], ready: true, serving: true, terminating: false, nodeName: undefined },
			],
		},
	},
	{
		what: "An endpoint with hints",
		kind: "EndpointSlice",
		raw: {
			metadata: META,
			addressType: "IPv4",
			endpoints: [
				{
					addresses: ["10.0.0.1"],
					nodeName: "a",
					zone: "z1",
					hints: { forZones: [{ name: "z1" }, { name: "z2" }], forNodes: [{ name: "a" }] },
				},
			],
		},
		object: { endpoints: [{ nodeName: "a", forZones: ["z1", "z2"], forNodes: ["a"] }] },
	},
	{
		what: "A slice with the time of what triggered it",
		kind: "EndpointSlice",
		raw: {
			metadata: {
				...META,
				labels: { "kubernetes.io/service-name": "web" },
				annotations: { "endpoints.kubernetes.io/last-change-trigger-time": "2026-11-20T12:46:42.25Z" },
			},
			addressType: "IPv4",
		},
		object: { service: "web", triggerTimeMs: Date.UTC(2026, 10, 20, 12, 46, 42, 250) },
	},
	{
		what: "A slice whose trigger time is no time",
		kind: "EndpointSlice",
		raw: {
			metadata: { ...META, annotations: { "endpoints.kubernetes.io/last-change-trigger-time": "soon" } },
			addressType: "IPv4",
		},
		object: { triggerTimeMs: undefined },
	},
	{
		what: "A Service of both families",
		kind: "Service",
		raw: {
			metadata: META,
			spec: { clusterIPs: ["10.96.0.1", "FD00::0001"], ports: [{ port: 53, protocol: "UDP" }] },
		},
		object: {
			type: "ClusterIP",
			clusterIPs: ["10.96.0.1", "fd00::1"],
			ports: [{ name: "", protocol: "UDP", port: 53, nodePort: 0 }],
		},
	},
	{
		what: "A Service of an old server, with clusterIP alone,",
		kind: "Service",
		raw: { metadata: META, spec: { clusterIP: "10.96.0.1", ports: [{ port: 80 }] } },
		object: { clusterIPs: ["10.96.0.1"] },
	},
	{
		what: "A Service with addresses that no API server should let through",
		kind: "Service",
		raw: {
			metadata: META,
			spec: {
				clusterIP: "10.96.0.1",
				externalIPs: ["x", "198.51.100.9"],
				loadBalancerSourceRanges: ["y"],
				ports: [{ port: 80 }],
			},
			status: { loadBalancer: { ingress: [{ ip: "010.0.0.1" }, { hostname: "lb" }] } },
		},
		object: {
			externalIPs: ["x", "198.51.100.9"],
			loadBalancerIPs: ["010.0.0.1"],
			loadBalancerSourceRanges: ["y"],
		},
	},
	{
		what: "A headless Service without ports",
		kind: "Service",
		raw: { metadata: META, spec: { clusterIP: "None", clusterIPs: ["None"] } },
		object: { clusterIPs: [], ports: [] },
	},
];

for (const { what, kind, raw, object } of read) {
	test(`${what} is read as the API means it`, (t) => {
		const parsed = parseObject(kind, raw, api);
		t.deepEqual(parsed.problems, []);
		t.like(parsed, { namespace: "shop", name: "web-1", resourceVersion: "7" });
		t.like(parsed.object, { kind, namespace: "shop", name: "web-1", ...object });
	});
}

const NODE_META = { name: "node-a", resourceVersion: "7" };

const leaving: readonly { what: string; raw: object; deleting: boolean }[] = [
	{ what: "A node", raw: { metadata: NODE_META, spec: {}, status: {} }, deleting: false },
	{
		what: "A node with a deletionTimestamp",
		raw: { metadata: { ...NODE_META, deletionTimestamp: "2026-11-20T12:46:42Z" } },
		deleting: true,
	},
	{
		what: "A node that the cluster autoscaler is about to delete",
		raw: {
			metadata: NODE_META,
			spec: { taints: [{ key: "ToBeDeletedByClusterAutoscaler", effect: "NoSchedule" }] },
		},
		deleting: true,
	},
	{
		what: "A node with another taint",
		raw: { metadata: NODE_META, spec: { taints: [{ key: "node.kubernetes.io/not-ready" }] } },
		deleting: false,
	},
];

for (const { what, raw, deleting } of leaving) {
	test(`${what} ${deleting ? "counts" : "does not count"} as being deleted`, (t) => {
		const { object, problems } = parseObject("Node", raw, api);
		t.deepEqual(problems, []);
		t.like(object, { kind: "Node", namespace: "", name: "node-a", deleting });
	});
}

test("Whatever is wrong, nothing is thrown: there is an object, or there are problems that can be said in one line", (t) => {
	const field = fc.oneof(fc.jsonValue(), fc.constantFrom("10.0.0.1", "TCP", 80, "None", null, [], {}));
	const keys = [
		"name",
		"namespace",
		"labels",
		"annotations",
		"ports",
		"port",
		"protocol",
		"addresses",
		"conditions",
	];
	const mapping = fc.dictionary(fc.constantFrom(...keys, "ready", "clusterIP", "clusterIPs", "type"), field);
	const cluster = ["externalIPs", "loadBalancerSourceRanges", "sessionAffinity", "sessionAffinityConfig"];
	const more = ["nodePort", "hints", "taints", "cidrs", "podCIDRs", "loadBalancer", "healthCheckNodePort"];
	const deep = fc.dictionary(fc.constantFrom(...cluster, ...more, "ports"), fc.oneof(mapping, field));
	const nested = fc.oneof(field, mapping, fc.array(mapping), fc.array(deep));
	const raw = fc.record(
		{
			metadata: nested,
			spec: fc.oneof(nested, fc.record({ ports: nested }), deep),
			status: fc.oneof(nested, deep),
			addressType: field,
			endpoints: nested,
			ports: nested,
		},
		{ requiredKeys: [] },
	);
	fc.assert(
		fc.property(
			fc.constantFrom(...KINDS),
			fc.oneof(raw, fc.jsonValue()),
			fc.constantFrom(api, manifest),
			(kind, value, how) => {
				const { object, problems } = parseObject(kind, value, how);
				t.is(object === undefined, problems.length > 0);
				t.false(describeProblems(problems).includes("\n"));
			},
		),
		{ seed: 20261120, numRuns: 2000 },
	);
});

test("Nothing of the raw object but its strings stays referenced", (t) => {
	const raw = {
		metadata: { ...META, labels: { a: "b" } },
		spec: { clusterIPs: ["10.96.0.1"], ports: [{ port: 80 }] },
	};
	const { object } = parseObject("Service", raw, api);
	raw.metadata.labels.a = "changed";
	raw.spec.clusterIPs[0] = "10.96.0.2";
	t.like(object, { labels: { a: "b" }, clusterIPs: ["10.96.0.1"] });
});
