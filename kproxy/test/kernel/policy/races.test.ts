/** Policies and labels that change at full speed, and a daemon that is killed, under dials that must always or never pass. */
import { setTimeout as delay } from "node:timers/promises";
import test from "ava";
import { sweepLabs } from "../../lab/lab.ts";
import type { Pod } from "../../lab/pod.ts";
import type { Dial, DialManyOptions } from "../../lab/protocol.ts";
import { createRandom, type Random } from "../../lab/random.ts";
import { createPolicyStage, FAMILIES, PORT, type PolicyStage, PROTOCOLS } from "./stage.ts";

const SEED = Number(process.env.KPROXY_RACE_SEED ?? 20261125);
/** A guest without KVM needs ten times as long for each. */
const SECONDS = Number(process.env.KPROXY_RACE_SECONDS ?? (process.env.KPROXY_TEST_GUEST ? 10 : 30));
const KILL_EVERY_MS = 4_000;
/** A dial that must not pass waits so long for an answer that must not come. */
const SILENCE_MS = 100;

let stage: PolicyStage;
let server: Pod;
let friend: Pod;
let foe: Pod;

test.before(async () => {
	sweepLabs();
	stage = createPolicyStage("policy-races");
	server = await stage.pod("shop/server", { labels: { app: "server", version: "1" } });
	friend = await stage.pod("shop/friend", { labels: { role: "friend", mood: "1" } });
	foe = await stage.pod("dev/foe", { labels: { role: "foe" } });
	for (const index of [0, 1, 2]) stage.manifests.setPolicy(`shop/p${index}`, ingress(FRIENDS[index] ?? []));
	await stage.start();
});

test.after.always(() => stage?.close());

/** Each lets the friend in by something else, and none the foe. */
const FRIENDS: readonly object[][] = [
	[{ podSelector: { matchLabels: { role: "friend" } } }],
	[{ namespaceSelector: { matchLabels: { team: "shop" } } }],
	[{ podSelector: { matchExpressions: [{ key: "mood", operator: "Exists" }] } }],
	[{ podSelector: {} }],
	[
		{
			namespaceSelector: { matchLabels: { team: "shop" } },
			podSelector: { matchLabels: { role: "friend" } },
		},
	],
];

/** Selects the server by what it always has. */
const ingress = (from: object[], more: object = {}) => ({
	podSelector: { matchLabels: { app: "server" } },
	policyTypes: ["Ingress"],
	ingress: [{ from }],
	...more,
});

/** One change after which the friend still may and the foe still may not. */
function change(random: Random, turn: number): void {
	const { manifests } = stage;
	const pods = { node: stage.node1.name };
	const pick = random.below(6);
	if (pick === 0) {
		// The first policy stays one that lets the friend in; the others come and go.
		manifests.setPolicy("shop/p0", ingress(FRIENDS[random.below(FRIENDS.length)] ?? []));
	} else if (pick === 1) {
		manifests.setPolicy(
			"shop/p1",
			ingress([], { ingress: random.below(2) === 0 ? [] : [{ from: FRIENDS[1] }] }),
		);
	} else if (pick === 2) {
		manifests.setPolicy(
			"shop/p2",
			ingress([], {
				ingress: [{ from: [{ ipBlock: { cidr: "198.51.100.0/24" } }], ports: [{ port: turn % 65_535 }] }],
			}),
		);
	} else if (pick === 3) {
		const labels = { role: "friend", mood: `${turn}` };
		manifests.setPod({ pod: "shop/friend", labels, ips: [friend.IPv4, friend.IPv6], ...pods });
	} else if (pick === 4) {
		const labels = { app: "server", version: `${turn % 3}` };
		manifests.setPod({ pod: "shop/server", labels, ips: [server.IPv4, server.IPv6], ...pods });
		manifests.setPolicy("shop/p3", {
			...ingress(FRIENDS[0] ?? []),
			podSelector: { matchLabels: { version: `${random.below(3)}` } },
		});
	} else {
		manifests.setNamespace("dev", { team: "dev", turn: `${turn}` });
		manifests.setNamespace("shop", { team: "shop", turn: `${turn}` });
	}
}

interface Dialling {
	who: string;
	passes: boolean;
	dials: Promise<Dial[]>;
}

function dialAlways(): Dialling[] {
	return FAMILIES.flatMap((family) =>
		PROTOCOLS.flatMap((protocol) => {
			const target: DialManyOptions = { protocol, address: server[family], port: PORT, pauseMs: 2 };
			return [
				{ who: `friend ${protocol} ${family}`, passes: true, dials: friend.dialMany(target) },
				{
					who: `foe ${protocol} ${family}`,
					passes: false,
					dials: foe.dialMany({ ...target, timeoutMs: SILENCE_MS, concurrency: 8 }),
				},
			];
		}),
	);
}

test.serial("not one dial is wrong while policies, labels and the daemon change", async (t) => {
	t.timeout((SECONDS + 120) * 1000);
	const random = createRandom(SEED);
	const diallings = dialAlways();
	const end = performance.now() + SECONDS * 1000;
	let nextKill = performance.now() + KILL_EVERY_MS;
	let changes = 0;
	let kills = 0;
	for (let turn = 1; performance.now() < end; turn++) {
		change(random, turn);
		changes++;
		await delay(random.below(20));
		if (performance.now() > nextKill) {
			await stage.daemon.end("SIGKILL");
			kills++;
			// Changes that nobody follows until the next daemon.
			change(random, turn);
			await stage.start();
			nextKill = performance.now() + KILL_EVERY_MS;
		}
	}
	for (const pod of [friend, foe]) await (await pod.agent()).stopDialling();
	t.log(`seed ${SEED}: ${changes} changes, ${kills} kills in ${SECONDS} s`);
	for (const { who, passes, dials } of diallings) {
		const made = await dials;
		// Any other error would be of a dial that never went out, and say nothing of policy.
		const wrong = made.filter(({ error }) => error !== (passes ? undefined : "TIMEOUT"));
		t.log(`${who}: ${made.length} dials`);
		t.deepEqual(wrong.slice(0, 3), [], `${who}: ${wrong.length} of ${made.length} went wrong`);
		t.true(made.length > SECONDS);
	}
	t.true(kills > 0);
});
