import test from "ava";
import type { Kind } from "../../../src/model/objects.ts";
import { describeProblems, parseObject } from "../../../src/model/parse-object.ts";

const parse = (kind: Kind, raw: unknown) => parseObject(kind, raw, { origin: "api", intern: (text) => text });
const metadata = { namespace: "shop", name: "web" };

const policies: readonly [what: string, spec: unknown, problem: string][] = [
	[
		"a peer without anything",
		{ ingress: [{ from: [{}] }] },
		"spec.ingress[0].from[0] is empty; it needs podSelector, namespaceSelector or ipBlock",
	],
	[
		"a peer that is both",
		{ egress: [{ to: [{ ipBlock: { cidr: "10.0.0.0/8" }, podSelector: {} }] }] },
		"spec.egress[0].to[0] has an ipBlock and a selector; a peer is one or the other",
	],
	[
		"a block without a CIDR",
		{ ingress: [{ from: [{ ipBlock: {} }] }] },
		"spec.ingress[0].from[0].ipBlock.cidr is missing; write it as 10.0.0.0/8",
	],
	[
		"an exception that is none",
		{ ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1"] } }] }] },
		'spec.ingress[0].from[0].ipBlock.except[0] is "10.1", which is no CIDR; write it as 10.0.0.0/8 or fd00::/64',
	],
	[
		"an exception that is missing",
		{ ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8", except: [null] } }] }] },
		"spec.ingress[0].from[0].ipBlock.except[0] is missing; write it as 10.0.0.0/8",
	],
	[
		"a range without its start",
		{ ingress: [{ ports: [{ endPort: 90 }] }] },
		"spec.ingress[0].ports[0].endPort is given without port; give the first port of the range",
	],
	[
		"a range that ends before it starts",
		{ ingress: [{ ports: [{ port: 90, endPort: 80 }] }] },
		"spec.ingress[0].ports[0].endPort is 80, below port 90",
	],
	[
		"a range of a name",
		{ ingress: [{ ports: [{ port: "http", endPort: 80 }] }] },
		"spec.ingress[0].ports[0].endPort is given with a named port; a range needs numbers",
	],
	[
		"a port that is none",
		{ ingress: [{ ports: [{ port: 70_000 }] }] },
		"spec.ingress[0].ports[0].port is 70000; ports are numbers from 1 to 65535",
	],
	[
		"a protocol that is none",
		{ ingress: [{ ports: [{ protocol: "ICMP" }] }] },
		'spec.ingress[0].ports[0].protocol is "ICMP"; it must be one of TCP, UDP, SCTP',
	],
	["a type that is none", { policyTypes: ["ingress"] }, 'spec.policyTypes[0] is "ingress"; write Ingress'],
	[
		"an operator that is none",
		{ podSelector: { matchExpressions: [{ key: "a", operator: "Like" }] } },
		'spec.podSelector.matchExpressions[0].operator is "Like"; it must be one of In, NotIn, Exists, DoesNotExist',
	],
	[
		"In without values",
		{ podSelector: { matchExpressions: [{ key: "a", operator: "In" }] } },
		"spec.podSelector.matchExpressions[0].values is empty; In needs values",
	],
	[
		"Exists with values",
		{ podSelector: { matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }] } },
		"spec.podSelector.matchExpressions[0].values must be left out; Exists takes none",
	],
	[
		"a requirement without a key",
		{ podSelector: { matchExpressions: [{ operator: "Exists" }] } },
		"spec.podSelector.matchExpressions[0].key is missing",
	],
];

for (const [what, spec, problem] of policies) {
	test(`${what} is refused in words`, (t) => {
		const { object, problems } = parse("NetworkPolicy", { metadata, spec });
		t.is(object, undefined);
		t.is(describeProblems(problems), problem);
	});
}

test("A pod's addresses, and the ports that have a name, of containers and of those that stay beside them", (t) => {
	const raw = {
		metadata,
		spec: {
			nodeName: "a",
			containers: [{ ports: [{ containerPort: 80, name: "http" }, { containerPort: 81 }] }],
			initContainers: [
				{ ports: [{ containerPort: 1, name: "gone" }] },
				{ restartPolicy: "Always", ports: [{ containerPort: 53, name: "dns", protocol: "UDP" }] },
			],
		},
		status: { podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }, { ip: "FD00::1" }] },
	};
	t.like(parse("Pod", raw).object, {
		nodeName: "a",
		hostNetwork: false,
		addresses: ["10.0.0.1", "fd00::1"],
		ports: [
			{ name: "http", protocol: "TCP", port: 80 },
			{ name: "dns", protocol: "UDP", port: 53 },
		],
	});
	t.like(parse("Pod", { ...raw, status: { ...raw.status, phase: "Failed" } }).object, { addresses: [] });
	t.like(parse("Pod", { ...raw, status: { podIP: "10.0.0.2" } }).object, { addresses: ["10.0.0.2"] });
});

test("A pod's address that is none is told", (t) => {
	const { problems } = parse("Pod", { metadata, status: { podIPs: [{ ip: "ten" }] } });
	t.is(describeProblems(problems), 'status.podIPs[0].ip is "ten", which is no IP address');
});

test("A namespace has its name as a label, as the API server gives it", (t) => {
	t.like(parse("Namespace", { metadata: { name: "shop", labels: { team: "a" } } }).object, {
		labels: { team: "a", "kubernetes.io/metadata.name": "shop" },
	});
});
