/** What becomes of packets beyond what rules say: flows, sources, neighbours, errors. */
import test from "ava";
import { PodInterface, PolicyFlag } from "../../../src/dataplane/generated/tc.ts";
import { sweepLabs } from "../../lab/lab.ts";
import { canonical } from "../../packets/addresses.ts";
import type { PacketWords } from "../../packets/build.ts";
import { pod, policy } from "../../plan/policy/cluster.ts";
import { createPolicyBench, ELSEWHERE, POLICY_REASONS, type PolicyBench } from "./bench.ts";

let bench: PolicyBench;

test.before(() => {
	sweepLabs();
	bench = createPolicyBench("verdicts");
});
test.beforeEach(() => bench.reset());
test.after.always(() => bench?.close());

for (const [family, A, B, OUTSIDE, NODE_IP] of [
	["IPv4", "10.244.1.1", "10.244.1.2", "198.51.100.7", "192.0.2.1"],
	["IPv6", "fd00:0:0:0:0:0:1:1", "fd00:0:0:0:0:0:1:2", "2001:db8:0:0:0:0:0:7", "2001:db8:0:0:0:0:0:1"],
] as const) {
	const tcp = (from: string, to: string, flags: string, fields: Partial<PacketWords> = {}): PacketWords => ({
		from,
		to,
		protocol: "TCP",
		sourcePort: 40_000,
		destinationPort: 80,
		flags,
		...fields,
	});
	const reply = (from: string, to: string, flags: string) =>
		tcp(from, to, flags, { sourcePort: 80, destinationPort: 40_000 });
	const udp = (from: string, to: string, fields: Partial<PacketWords> = {}): PacketWords => ({
		from,
		to,
		protocol: "UDP",
		sourcePort: 40_000,
		destinationPort: 53,
		...fields,
	});
	const a = pod("shop/a", { labels: { app: "a" }, ips: [A] });
	const b = pod("shop/b", { labels: { app: "b" }, ips: [B] });
	const isolateA = policy("shop/a", {
		podSelector: { matchLabels: { app: "a" } },
		policyTypes: ["Ingress", "Egress"],
	});
	const only = (test_: string) => `${test_}, ${family}`;

	test.serial(only("where policy is not enforced everything passes, and nothing is remembered"), (t) => {
		bench.apply([a, b, isolateA]);
		bench.setState({ flags: PolicyFlag.OFF });
		t.is(bench.judge("sends", tcp(A, OUTSIDE, "SYN")), undefined);
		bench.setState();
		t.is(bench.judge("sends", tcp(A, OUTSIDE, "ACK")), "POLICY_EGRESS");
		t.is(bench.judge("is sent", tcp(B, A, "SYN")), "POLICY_INGRESS");
	});

	test.serial(only("replies to what may be sent pass, and so do those to what may be received"), (t) => {
		bench.apply([
			a,
			b,
			policy("shop/out", {
				podSelector: { matchLabels: { app: "a" } },
				policyTypes: ["Ingress", "Egress"],
				egress: [{ ports: [{ port: 80 }] }],
			}),
			policy("shop/in", {
				podSelector: { matchLabels: { app: "b" } },
				policyTypes: ["Ingress", "Egress"],
				ingress: [{ ports: [{ port: 80 }] }],
			}),
		]);
		t.is(bench.judge("is sent", reply(OUTSIDE, A, "SYN ACK")), "POLICY_INGRESS", "an answer to nothing");
		t.is(bench.judge("sends", tcp(A, OUTSIDE, "SYN")), undefined);
		t.is(bench.judge("is sent", reply(OUTSIDE, A, "SYN ACK")), undefined);
		t.is(bench.judge("is sent", tcp(OUTSIDE, B, "SYN")), undefined);
		t.is(bench.judge("sends", reply(B, OUTSIDE, "SYN ACK")), undefined);
		t.is(bench.judge("sends", tcp(B, OUTSIDE, "SYN")), "POLICY_EGRESS");
	});

	test.serial(only("established flows go on when a policy forbids them, and new ones do not begin"), (t) => {
		bench.apply([a, b]);
		t.is(bench.judge("is sent", tcp(OUTSIDE, A, "SYN")), undefined);
		bench.apply([isolateA]);
		t.is(bench.judge("is sent", tcp(OUTSIDE, A, "ACK")), undefined);
		t.is(bench.judge("sends", reply(A, OUTSIDE, "ACK")), undefined);
		t.is(
			bench.judge("is sent", tcp(OUTSIDE, A, "SYN")),
			"POLICY_INGRESS",
			"a new connection from the same port",
		);
	});

	test.serial(
		only("connections from before policy go on, whoever speaks first, and no others begin"),
		(t) => {
			bench.apply([a, b, isolateA]);
			bench.setState({ adoptUntilNs: process.hrtime.bigint() + 60_000_000_000n });
			t.is(bench.judge("is sent", tcp(OUTSIDE, A, "SYN", { sourcePort: 50_000 })), "POLICY_INGRESS");
			t.is(bench.judge("is sent", udp(OUTSIDE, A)), "POLICY_INGRESS", "nobody can tell");
			t.is(bench.judge("sends", tcp(B, OUTSIDE, "ACK")), undefined);
			t.is(bench.judge("is sent", reply(OUTSIDE, A, "ACK")), undefined);
			bench.setState();
			t.is(bench.judge("sends", tcp(A, OUTSIDE, "ACK")), undefined, "remembered for good");
			t.is(bench.judge("is sent", reply(OUTSIDE, A, "ACK")), undefined);
			t.is(
				bench.judge("sends", tcp(A, OUTSIDE, "SYN")),
				"POLICY_EGRESS",
				"a new connection from the same port",
			);
			t.is(bench.judge("is sent", tcp(OUTSIDE, A, "ACK", { sourcePort: 50_000 })), "POLICY_INGRESS");
		},
	);

	test.serial(only("with recheck they end with the next change, in either direction"), (t) => {
		bench.apply([a, b]);
		bench.setState({ flags: (PolicyFlag.ENFORCED | PolicyFlag.RECHECKED) as PolicyFlag });
		t.is(bench.judge("is sent", tcp(OUTSIDE, A, "SYN")), undefined);
		bench.apply([
			policy("shop/out", { podSelector: { matchLabels: { app: "a" } }, policyTypes: ["Egress"] }),
		]);
		bench.setState({ epoch: 2, flags: (PolicyFlag.ENFORCED | PolicyFlag.RECHECKED) as PolicyFlag });
		t.is(
			bench.judge("sends", reply(A, OUTSIDE, "ACK")),
			undefined,
			"it was opened from outside, which is still allowed",
		);
		bench.apply([isolateA]);
		bench.setState({ epoch: 3, flags: (PolicyFlag.ENFORCED | PolicyFlag.RECHECKED) as PolicyFlag });
		t.is(bench.judge("sends", reply(A, OUTSIDE, "ACK")), "POLICY_INGRESS");
	});

	test.serial(only("a silent UDP flow is a new one after its time-out"), (t) => {
		bench.apply([a, b]);
		t.is(bench.judge("is sent", udp(OUTSIDE, A)), undefined);
		bench.apply([isolateA]);
		bench.wait(100);
		t.is(bench.judge("is sent", udp(OUTSIDE, A)), undefined);
		bench.wait(121);
		t.is(bench.judge("is sent", udp(OUTSIDE, A)), "POLICY_INGRESS");
	});

	test.serial(
		only("a source that is not the pod's own is dropped, and so is a pod's on another interface"),
		(t) => {
			bench.apply([a, b], (address) => (canonical(address) === A ? 1 : ELSEWHERE));
			t.is(bench.judge("sends", tcp(A, OUTSIDE, "SYN")), undefined);
			t.is(bench.judge("sends", tcp(OUTSIDE, A, "SYN")), "SPOOFED_SOURCE");
			t.is(bench.judge("sends", tcp(B, OUTSIDE, "SYN")), "SPOOFED_SOURCE");
			t.is(bench.judge("sends", tcp(A, B, "SYN")), undefined);
		},
	);

	test.serial(only("behind an interface without a known pod the operator decides"), (t) => {
		bench.apply([a, b], () => ELSEWHERE);
		bench.maps.interfaces.set(1, PodInterface.UNKNOWN);
		t.is(bench.judge("sends", tcp(OUTSIDE, B, "SYN")), "UNKNOWN_POD");
		t.is(bench.judge("is sent", tcp(OUTSIDE, OUTSIDE, "SYN")), "UNKNOWN_POD");
		bench.setState({ flags: (PolicyFlag.ENFORCED | PolicyFlag.UNKNOWN_ALLOWED) as PolicyFlag });
		t.is(bench.judge("sends", tcp(OUTSIDE, B, "SYN")), undefined);
		bench.maps.interfaces.delete(1);
		bench.setState();
		t.is(bench.judge("sends", tcp(OUTSIDE, B, "SYN")), undefined, "no pod's interface at all");
	});

	test.serial(only("its own node always reaches a pod, and gets its replies"), (t) => {
		bench.apply([a, b, isolateA]);
		t.is(bench.judge("is sent", tcp(NODE_IP, A, "SYN")), "POLICY_INGRESS");
		bench.maps.ownAddresses.set(NODE_IP, 1);
		t.is(bench.judge("is sent", tcp(NODE_IP, A, "SYN")), undefined);
		t.is(bench.judge("sends", reply(A, NODE_IP, "SYN ACK")), undefined);
		t.is(bench.judge("sends", tcp(A, NODE_IP, "SYN", { sourcePort: 1 })), "POLICY_EGRESS");
	});

	test.serial(only("a pod reaches itself"), (t) => {
		bench.apply([a, b, isolateA]);
		t.is(bench.judge("sends", tcp(A, A, "SYN")), undefined);
		t.is(bench.judge("is sent", tcp(A, A, "SYN")), undefined);
	});

	test.serial(
		only("errors about a flow that passed pass, others are judged as everything of their protocol"),
		(t) => {
			bench.apply([
				a,
				b,
				policy("shop/out", {
					podSelector: { matchLabels: { app: "a" } },
					policyTypes: ["Ingress", "Egress"],
					egress: [{ ports: [{ port: 80 }] }],
				}),
			]);
			const tooBig = family === "IPv4" ? { type: 3, code: 4 } : { type: 2, code: 0 };
			const about = tcp(A, OUTSIDE, "ACK");
			const error: PacketWords = { from: OUTSIDE, to: A, protocol: "ICMP", error: { ...tooBig, about } };
			t.is(bench.judge("is sent", error), "POLICY_INGRESS");
			t.is(bench.judge("sends", tcp(A, OUTSIDE, "SYN")), undefined);
			t.is(bench.judge("is sent", error), undefined);
		},
	);

	/** An echo request or its reply: ICMP has no ports, and is told by its identifier. */
	const echo = (from: string, to: string, kind: "request" | "reply", id = 7): PacketWords => {
		const [protocol, transport, types] =
			family === "IPv4" ? [1, 34, { request: 8, reply: 0 }] : [58, 54, { request: 128, reply: 129 }];
		return { from, to, protocol, payload: 16, bytes: { [transport]: types[kind], [transport + 5]: id } };
	};

	test.serial(only("an echo follows rules without ports, and its replies pass"), (t) => {
		bench.apply([
			a,
			b,
			policy("shop/in", {
				podSelector: { matchLabels: { app: "a" } },
				policyTypes: ["Ingress", "Egress"],
				ingress: [
					{ from: [{ podSelector: { matchLabels: { app: "b" } } }] },
					{
						from: [{ ipBlock: { cidr: family === "IPv4" ? `${OUTSIDE}/32` : `${OUTSIDE}/128` } }],
						ports: [{ port: 80 }],
					},
				],
			}),
		]);
		t.is(
			bench.judge("is sent", echo(OUTSIDE, A, "request")),
			"POLICY_INGRESS",
			"a rule with ports allows no echo",
		);
		t.is(bench.judge("sends", echo(A, B, "reply")), "POLICY_EGRESS", "a reply to nothing");
		t.is(bench.judge("is sent", echo(B, A, "request")), undefined);
		t.is(bench.judge("sends", echo(A, B, "reply")), undefined);
		t.is(bench.judge("sends", echo(A, B, "request", 8)), "POLICY_EGRESS", "another conversation");
		t.is(bench.judge("sends", echo(A, B, "request")), "POLICY_EGRESS", "the one who was asked may not ask");
	});

	test.serial(only("the fragments of an echo belong to it, whatever their first bytes are"), (t) => {
		bench.apply([
			a,
			b,
			policy("shop/in", {
				podSelector: { matchLabels: { app: "a" } },
				policyTypes: ["Ingress", "Egress"],
				egress: [{ to: [{ podSelector: { matchLabels: { app: "b" } } }] }],
			}),
		]);
		const fragments = (from: string, to: string, kind: "request" | "reply", id: number) => {
			const whole = echo(from, to, kind);
			const extension = family === "IPv4" ? 0 : 8;
			const header = Object.entries(whole.bytes ?? {}).map(([at, byte]) => [Number(at) + extension, byte]);
			// What looks like an echo, an answer or a neighbour, were it a header.
			const first = { request: 137, reply: family === "IPv4" ? 8 : 128 }[kind];
			const later = { [header[0]?.[0] ?? 0]: first };
			return [
				{ ...whole, bytes: Object.fromEntries(header), fragment: { id, offset: 0, length: 8 } },
				{ ...whole, bytes: later, fragment: { id, offset: 8, length: 16 } },
			];
		};
		const judged = (side: "sends" | "is sent", packets: PacketWords[]) =>
			packets.map((packet) => bench.judge(side, packet));
		t.deepEqual(judged("is sent", fragments(B, A, "reply", 1)), ["POLICY_INGRESS", "POLICY_INGRESS"]);
		t.deepEqual(judged("sends", fragments(A, B, "request", 2)), [undefined, undefined]);
		t.deepEqual(judged("is sent", fragments(B, A, "reply", 3)), [undefined, undefined]);
		t.deepEqual(judged("is sent", fragments(B, A, "request", 4)), ["POLICY_INGRESS", "POLICY_INGRESS"]);
		t.deepEqual(judged("sends", fragments(A, OUTSIDE, "reply", 5)), ["POLICY_EGRESS", "POLICY_EGRESS"]);
		t.deepEqual(judged("is sent", fragments(B, A, "reply", 6).reverse()), ["POLICY_INGRESS", undefined]);
	});

	test.serial(
		only("behind an interface that two claim nobody is believed, whatever the operator says"),
		(t) => {
			bench.apply([a, b], () => ELSEWHERE);
			bench.maps.interfaces.set(1, PodInterface.CONTESTED);
			bench.setState({ flags: (PolicyFlag.ENFORCED | PolicyFlag.UNKNOWN_ALLOWED) as PolicyFlag });
			t.is(bench.judge("sends", tcp(A, OUTSIDE, "SYN")), "UNKNOWN_POD");
			t.is(bench.judge("is sent", tcp(OUTSIDE, A, "SYN")), "UNKNOWN_POD");
		},
	);
}

test.serial("every reason of policy was given, but that of flows that pass", (t) => {
	t.deepEqual([...bench.reasons].sort(), POLICY_REASONS.filter((name) => name !== "FLOW_ALLOWED").sort());
});
