/** What the conformance data leaves out. */
import test from "ava";
import type { ApiObject } from "../../../src/model/objects.ts";
import { createPolicyPlanner } from "../../../src/plan/policy/planner.ts";
import { NODE, namespace, pod, policy, setOf } from "./cluster.ts";
import { allows } from "./evaluate.ts";
import { objectsAllow } from "./naive.ts";

const TCP = 6;
const UDP = 17;
const A = { IPv4: "10.244.1.1", IPv6: "fd00::1:1" };
const B = { IPv4: "10.244.1.2", IPv6: "fd00::1:2" };
const FAR = "10.244.2.9";
const HOST = "192.0.2.1";
const OUTSIDE = "198.51.100.7";

const CLUSTER: readonly ApiObject[] = [
	namespace("shop", { team: "shop" }),
	namespace("ops", { team: "ops" }),
	pod("shop/a", {
		labels: { app: "a", tier: "front" },
		ips: [A.IPv4, A.IPv6],
		ports: [
			{ name: "http", containerPort: 8080 },
			{ name: "dns", protocol: "UDP", containerPort: 5353 },
		],
	}),
	pod("shop/b", {
		labels: { app: "b" },
		ips: [B.IPv4, B.IPv6],
		ports: [{ name: "http", containerPort: 9090 }],
	}),
	pod("ops/far", {
		labels: { app: "far" },
		ips: [FAR],
		node: "node-b",
		ports: [{ name: "http", containerPort: 7070 }],
	}),
	pod("ops/agent", { labels: { app: "a" }, ips: [HOST], hostNetwork: true }),
];

const onA = { podSelector: { matchLabels: { app: "a" } } };
const peer = (fields: object) => ({ ...onA, ingress: [{ from: [fields] }] });
const expression = (key: string, operator: string, values?: string[]) => ({
	podSelector: { matchExpressions: [{ key, operator, ...(values && { values }) }] },
});

type Verdict = readonly [from: string, to: string, port: number, allowed: boolean, protocol?: number];

const table: readonly (readonly [title: string, specs: readonly object[], verdicts: readonly Verdict[]])[] = [
	[
		"no policy allows everything",
		[],
		[
			[B.IPv4, A.IPv4, 80, true],
			[B.IPv6, A.IPv6, 80, true],
		],
	],
	[
		"a policy without rules isolates for ingress",
		[onA],
		[
			[B.IPv4, A.IPv4, 80, false],
			[B.IPv6, A.IPv6, 80, false],
			[A.IPv4, B.IPv4, 80, true],
		],
	],
	[
		"a pod reaches itself whatever isolates it",
		[{ ...onA, policyTypes: ["Ingress", "Egress"] }],
		[
			[A.IPv4, A.IPv4, 80, true],
			[A.IPv4, B.IPv4, 80, false],
		],
	],
	[
		"egress rules isolate for egress without policyTypes",
		[{ ...onA, egress: [] }],
		[
			[A.IPv4, B.IPv4, 80, false],
			[B.IPv4, A.IPv4, 80, false],
		],
	],
	[
		"policyTypes Egress alone leaves ingress open",
		[{ ...onA, policyTypes: ["Egress"] }],
		[
			[B.IPv4, A.IPv4, 80, true],
			[A.IPv4, B.IPv4, 80, false],
		],
	],
	[
		"an empty rule allows everybody",
		[{ ...onA, ingress: [{}] }],
		[
			[B.IPv4, A.IPv4, 80, true],
			[OUTSIDE, A.IPv4, 1, true, UDP],
		],
	],
	[
		"an empty podSelector selects every pod of the namespace, and no other",
		[{ podSelector: {} }],
		[
			[A.IPv4, B.IPv4, 80, false],
			[A.IPv4, FAR, 80, true],
		],
	],
	[
		"an empty podSelector as a peer means the own namespace",
		[peer({ podSelector: {} })],
		[
			[B.IPv4, A.IPv4, 80, true],
			[FAR, A.IPv4, 80, false],
			[OUTSIDE, A.IPv4, 80, false],
		],
	],
	[
		"an empty namespaceSelector means every pod, and nothing outside",
		[peer({ namespaceSelector: {} })],
		[
			[FAR, A.IPv4, 80, true],
			[OUTSIDE, A.IPv4, 80, false],
			[HOST, A.IPv4, 80, false],
		],
	],
	["In needs the key", [peer(expression("tier", "In", ["front", ""]))], [[B.IPv4, A.IPv4, 80, false]]],
	[
		"NotIn holds where the key is absent",
		[peer(expression("tier", "NotIn", ["back"]))],
		[[B.IPv4, A.IPv4, 80, true]],
	],
	["Exists needs the key", [peer(expression("tier", "Exists"))], [[B.IPv4, A.IPv4, 80, false]]],
	["DoesNotExist forbids it", [peer(expression("tier", "DoesNotExist"))], [[B.IPv4, A.IPv4, 80, true]]],
	[
		"namespace and pod selector must both hold",
		[
			peer({
				namespaceSelector: { matchLabels: { team: "ops" } },
				podSelector: { matchLabels: { app: "b" } },
			}),
		],
		[
			[B.IPv4, A.IPv4, 80, false],
			[FAR, A.IPv4, 80, false],
		],
	],
	[
		"two peers are either",
		[
			{
				...onA,
				ingress: [
					{
						from: [
							{ namespaceSelector: { matchLabels: { team: "ops" } } },
							{ podSelector: { matchLabels: { app: "b" } } },
						],
					},
				],
			},
		],
		[
			[B.IPv4, A.IPv4, 80, true],
			[FAR, A.IPv4, 80, true],
		],
	],
	[
		"a pod of the host network is no pod: selectors pass it by, blocks do not",
		[
			peer({
				namespaceSelector: { matchLabels: { team: "ops" } },
				podSelector: { matchLabels: { app: "a" } },
			}),
			{ ...onA, ingress: [{ from: [{ ipBlock: { cidr: `${HOST}/32` } }], ports: [{ port: 80 }] }] },
		],
		[
			[HOST, A.IPv4, 80, true],
			[HOST, A.IPv4, 81, false],
		],
	],
	[
		"a block holds outside addresses, without its exceptions",
		[peer({ ipBlock: { cidr: "198.51.100.0/24", except: ["198.51.100.64/26"] } })],
		[
			[OUTSIDE, A.IPv4, 80, true],
			["198.51.100.65", A.IPv4, 80, false],
			["203.0.113.1", A.IPv4, 80, false],
		],
	],
	[
		"what one block excepts another may hold",
		[
			peer({ ipBlock: { cidr: "198.51.100.0/24", except: ["198.51.100.64/26"] } }),
			peer({ ipBlock: { cidr: "198.51.100.64/28" } }),
		],
		[
			["198.51.100.65", A.IPv4, 80, true],
			["198.51.100.81", A.IPv4, 80, false],
		],
	],
	[
		"an exception inside an exception's neighbour",
		[peer({ ipBlock: { cidr: "0.0.0.0/0", except: ["198.51.100.0/24", "198.51.100.7/32"] } })],
		[
			[OUTSIDE, A.IPv4, 80, false],
			["203.0.113.1", A.IPv4, 80, true],
		],
	],
	[
		"a block holds the pods in it",
		[peer({ ipBlock: { cidr: "10.244.2.0/24" } })],
		[
			[FAR, A.IPv4, 80, true],
			[B.IPv4, A.IPv4, 80, false],
			["10.244.2.77", A.IPv4, 80, true],
		],
	],
	[
		"a pod may satisfy a selector and lie in an exception",
		[
			peer({ ipBlock: { cidr: "10.244.0.0/16", except: ["10.244.1.0/24"] } }),
			peer({ podSelector: { matchLabels: { app: "b" } } }),
		],
		[
			[B.IPv4, A.IPv4, 80, true],
			["10.244.1.99", A.IPv4, 80, false],
		],
	],
	[
		"blocks of IPv6",
		[peer({ ipBlock: { cidr: "fd00::/16", except: ["fd00::2:0/112"] } })],
		[
			[B.IPv6, A.IPv6, 80, true],
			["fd00::2:5", A.IPv6, 80, false],
			[B.IPv4, A.IPv4, 80, false],
		],
	],
	[
		"every address of IPv4 and none of IPv6",
		[peer({ ipBlock: { cidr: "0.0.0.0/0" } })],
		[
			[OUTSIDE, A.IPv4, 80, true],
			[B.IPv6, A.IPv6, 80, false],
		],
	],
	[
		"a named port is what the selected pod calls so, per protocol",
		[{ podSelector: {}, ingress: [{ ports: [{ port: "http" }, { port: "dns", protocol: "UDP" }] }] }],
		[
			[FAR, A.IPv4, 8080, true],
			[FAR, A.IPv4, 9090, false],
			[FAR, B.IPv4, 9090, true],
			[FAR, A.IPv4, 5353, true, UDP],
			[FAR, A.IPv4, 5353, false],
		],
	],
	[
		"a named port of an egress rule is what each peer calls so",
		[
			{
				...onA,
				egress: [
					{
						to: [{ podSelector: {} }, { namespaceSelector: { matchLabels: { team: "ops" } } }],
						ports: [{ port: "http" }],
					},
				],
			},
		],
		[
			[A.IPv4, B.IPv4, 9090, true],
			[A.IPv4, B.IPv4, 7070, false],
			[A.IPv4, FAR, 7070, true],
			[A.IPv4, FAR, 9090, false],
		],
	],
	[
		"a named port of an egress rule to everybody",
		[{ ...onA, egress: [{ ports: [{ port: "http" }] }] }],
		[
			[A.IPv4, B.IPv4, 9090, true],
			[A.IPv4, B.IPv4, 8080, false],
			[A.IPv4, OUTSIDE, 9090, false],
		],
	],
	[
		"a named port that nobody has allows nothing",
		[{ ...onA, ingress: [{ ports: [{ port: "nope" }] }], egress: [{ ports: [{ port: "nope" }] }] }],
		[
			[B.IPv4, A.IPv4, 8080, false],
			[A.IPv4, B.IPv4, 9090, false],
		],
	],
	[
		"named and numbered ports side by side",
		[{ ...onA, egress: [{ ports: [{ port: "http" }, { port: 53, protocol: "UDP" }] }] }],
		[
			[A.IPv4, OUTSIDE, 53, true, UDP],
			[A.IPv4, OUTSIDE, 53, false],
			[A.IPv4, B.IPv4, 9090, true],
		],
	],
	[
		"a range of ports, its ends included",
		[{ ...onA, ingress: [{ ports: [{ port: 1000, endPort: 1999 }] }] }],
		[
			[B.IPv4, A.IPv4, 999, false],
			[B.IPv4, A.IPv4, 1000, true],
			[B.IPv4, A.IPv4, 1536, true],
			[B.IPv4, A.IPv4, 1999, true],
			[B.IPv4, A.IPv4, 2000, false],
		],
	],
	[
		"all ports but the first",
		[{ ...onA, ingress: [{ ports: [{ port: 2, endPort: 65535 }] }] }],
		[
			[B.IPv4, A.IPv4, 1, false],
			[B.IPv4, A.IPv4, 2, true],
			[B.IPv4, A.IPv4, 65535, true],
		],
	],
	[
		"a protocol without ports",
		[{ ...onA, ingress: [{ ports: [{ protocol: "UDP" }] }] }],
		[
			[B.IPv4, A.IPv4, 7, true, UDP],
			[B.IPv4, A.IPv4, 7, false, TCP],
		],
	],
	[
		"policies add up",
		[peer({ podSelector: { matchLabels: { app: "b" } } }), { ...onA, ingress: [{ ports: [{ port: 443 }] }] }],
		[
			[B.IPv4, A.IPv4, 80, true],
			[OUTSIDE, A.IPv4, 443, true],
			[OUTSIDE, A.IPv4, 80, false],
		],
	],
	[
		"both ends must allow it",
		[peer({ podSelector: {} }), { podSelector: { matchLabels: { app: "b" } }, policyTypes: ["Egress"] }],
		[[B.IPv4, A.IPv4, 80, false]],
	],
];

for (const [title, specs, verdicts] of table) {
	test(title, (t) => {
		const objects = [...CLUSTER, ...specs.map((spec, index) => policy(`shop/p${index}`, spec))];
		const planner = createPolicyPlanner({ nodeName: NODE });
		planner.update(objects.map(setOf));
		for (const [from, to, port, allowed, protocol = TCP] of verdicts) {
			const probe = { from, to, port, protocol };
			t.is(allows(planner.tables, probe), allowed, `planned: ${JSON.stringify(probe)}`);
			const isLocal = ({ nodeName }: { nodeName: string }) => nodeName === NODE;
			t.is(objectsAllow(objects, probe, isLocal), allowed, `naive: ${JSON.stringify(probe)}`);
		}
	});
}
