import { createRandom, type Random } from "../lab/random.ts";
import type { Hook } from "../reference/world.ts";
import type {
	BackendText,
	Family,
	FrontendText,
	PacketText,
	PodText,
	PolicyText,
	Scenario,
	Step,
} from "./scenario.ts";

const HOOKS: readonly Hook[] = ["node ingress", "pod ingress", "node egress", "pod egress"];
const PROTOCOLS = ["TCP", "UDP", "SCTP"] as const;
const CLIENTS = ["client", "client2", "stranger", "pod1", "pod2", "pod3", "farpod"];
const PODS = ["pod1", "pod2", "pod3", "farpod"];
const PORTS = [80, 53, 30080, 30053];
const FLAGS = ["SYN", "SYN", "SYN", "ACK", "ACK", "SYN ACK", "FIN ACK", "RST", "RST ACK", "FIN", "FIN SYN"];
const CHUNKS = ["INIT", "INIT", "INIT ACK", "DATA", "ABORT", "COMPLETE", "SHUTDOWN"];
const ERRORS = ["too big", "unreachable", "expired", "redirect"];

type Protocol = (typeof PROTOCOLS)[number];

const pick = <T>(random: Random, items: readonly T[]): T => items[random.below(items.length)] as T;
const often = (random: Random, percent: number): boolean => random.below(100) < percent;

/** A scenario out of this seed: a few Services, and packets, changes and waits in random order. */
export function randomScenario(seed: number, size: number): Scenario {
	const random = createRandom(seed);
	const family: Family = pick(random, ["IPv4", "IPv6"] as const);
	const backends = randomBackends(random);
	const frontends = randomFrontends(random, backends);
	const steps = Array.from({ length: size }, (_, index) =>
		randomStep(random, { index, family, frontends, backends }),
	);
	return {
		title: `Seed ${seed}.`,
		families: [family],
		tunables: pick(random, [
			{},
			{},
			{},
			{ masqueradeAll: true },
			{ snatPortFirst: 61000, snatPortLast: 61003 },
		]),
		devices: pick(random, [
			{ node: "node" },
			{ node: "node" },
			{ node: "none" },
			{ node: "node", route: "outlet" },
		] as Record<"node" | "route", string>[]),
		...(often(random, 50) && { policy: randomPolicy(random) }),
		frontends,
		backends,
		steps,
	};
}

/** The pods that packets come from and go to are most often known. */
function randomPolicy(random: Random): PolicyText {
	const known = PODS.filter(() => often(random, 75));
	const pods = known.map((name): [string, PodText] => [
		name,
		{
			...(often(random, 50) && { ingress: randomAllows(random) }),
			...(often(random, 50) && { egress: randomAllows(random) }),
		},
	]);
	return {
		pods: Object.fromEntries(pods),
		...(often(random, 30) && { rechecks: true }),
		...(often(random, 20) && { adopts: true }),
	};
}

function randomAllows(random: Random): Record<string, string> {
	const peers = ["anybody", "client", "router", "node", ...PODS].filter(() => often(random, 40));
	const allows = peers.map((peer): [string, string] => [
		peer,
		pick(random, [
			"anything",
			pick(random, PROTOCOLS),
			`${pick(random, PROTOCOLS)} ${8080 + random.below(2)}`,
		]),
	]);
	return Object.fromEntries(allows);
}

function randomBackends(random: Random): Record<string, BackendText> {
	const backends: Record<string, BackendText> = {};
	for (let number = 1; number <= 6; number++) {
		const address = pick(random, PODS);
		backends[`b${number}`] = {
			at: `${address}:${8080 + random.below(2)}`,
			remote: address === "pod3" || address === "farpod",
		};
	}
	return backends;
}

function randomFrontends(random: Random, backends: Record<string, BackendText>): FrontendText[] {
	const frontends = new Map<string, FrontendText>();
	const names = Object.keys(backends);
	const count = 2 + random.below(5);
	for (let index = 0; index < count; index++) {
		const dial = `${pick(random, PROTOCOLS)} ${pick(random, ["vip", "vip2", "lb", "node-port"])}:${pick(random, PORTS)}`;
		const internal = often(random, 15) ? [] : random.someOf(names);
		const local = internal.filter((name) => !backends[name]?.remote);
		const isLocal = often(random, 30);
		frontends.set(dial, {
			dial,
			internal,
			external: isLocal ? local : internal,
			service: index + 1,
			...(isLocal && { local_external: true }),
			...(often(random, 30) && { affinity: 60 }),
			...(often(random, 15) && { ranges: [pick(random, ["clients", "client only", "pods"])] }),
		});
	}
	if (often(random, 50)) frontends.set("guard", { dial: "guard vip" });
	return [...frontends.values()];
}

interface Around {
	index: number;
	family: Family;
	frontends: readonly FrontendText[];
	backends: Record<string, BackendText>;
}

function randomStep(random: Random, around: Around): Step {
	const { index, backends } = around;
	const dice = random.below(100);
	if (dice < 3) return { wait: pick(random, [10, 65, 130, 200]) };
	if (dice < 9) {
		const name = pick(random, Object.keys(backends));
		const text: Partial<BackendText> = often(random, 60)
			? { state: pick(random, ["ACTIVE", "TERMINATING", "RETIRED"] as const) }
			: { reuse: index + 1, at: `${pick(random, ["pod1", "pod2"])}:8080`, remote: false };
		return { change: { [name]: text } };
	}
	if (dice < 12) return { frontends: randomFrontends(random, backends) };
	if (dice < 14) return { policy: randomPolicy(random) };
	if (dice < 55 && index > 0) return followStep(random, index);
	return {
		id: `s${index}`,
		at: often(random, 75) ? pick(random, HOOKS.slice(0, 2)) : pick(random, HOOKS),
		in: often(random, 8) ? randomMessage(random, around.family) : randomPacket(random, around),
	};
}

/** An echo, its answer, talk of neighbours or anything else in ICMP; now and then in fragments. */
function randomMessage(random: Random, family: Family): PacketText {
	const fragment = often(random, 40) && { id: random.below(2), offset: 8 * random.below(2), length: 8 };
	const transport = (family === "IPv4" ? 34 : 54) + (fragment && family === "IPv6" ? 8 : 0);
	const types = family === "IPv4" ? [8, 8, 0, 0, 13, 135] : [128, 128, 129, 129, 133, 135];
	return {
		[family === "IPv4" ? 1 : 58]: `${pick(random, CLIENTS)} > ${pick(random, [...CLIENTS, "node"])}`,
		payload: 8,
		bytes: { [transport]: pick(random, types), [transport + 5]: random.below(2) },
		...(fragment && { fragment }),
	};
}

function followStep(random: Random, index: number): Step {
	const how = pick(random, ["again", "onward", "onward", "reply", "reply", "error"] as const);
	const hooks = how === "onward" ? HOOKS.slice(2) : how === "reply" ? HOOKS.slice(0, 2) : HOOKS;
	const fields: Record<string, unknown> = {};
	if (how === "reply")
		Object.assign(fields, {
			flags: pick(random, FLAGS),
			chunk: pick(random, CHUNKS),
			payload: random.below(60),
		});
	if (how === "error") {
		fields.error = pick(random, ERRORS);
		if (often(random, 50)) fields.from = "router";
		if (often(random, 50)) fields.keep = pick(random, [4, 8, 12, 20]);
		if (often(random, 25)) fields.quotes = "first fragment";
	}
	const step = `s${Math.max(0, index - 1 - random.below(Math.min(index, 6)))}`;
	return { id: `s${index}`, at: pick(random, hooks), follow: { step, how, with: fields } };
}

function randomPacket(random: Random, { family, frontends }: Around): PacketText {
	const dialled = pick(random, frontends).dial.split(" ");
	const [address = "", dialledPort = "80"] = (dialled[1] ?? "").split(":");
	const protocol: Protocol =
		often(random, 90) && dialled[0] !== "guard" ? (dialled[0] as Protocol) : pick(random, PROTOCOLS);
	const target =
		address === "node-port"
			? pick(random, ["node", "node2", "foreign", "loopback"])
			: often(random, 95)
				? address
				: pick(random, ["nothing", "vip", "pod1", "lb"]);
	const port = often(random, 92) ? dialledPort : pick(random, PORTS);
	const source = often(random, 3) ? 61000 + random.below(4) : 1000 + random.below(4);
	const words: Record<string, unknown> = {
		[protocol]: `${pick(random, CLIENTS)}:${source} > ${target}:${port}`,
		payload: random.below(80),
	};
	if (protocol === "TCP")
		Object.assign(words, {
			flags: pick(random, FLAGS),
			seq: random.below(2 ** 32),
			ack: random.below(2 ** 32),
		});
	if (protocol === "SCTP") words.chunk = pick(random, CHUNKS);
	if (protocol === "UDP" && family === "IPv4" && often(random, 15)) words.checksum = "none";
	spoil(random, words, { family, protocol });
	return words;
}

/** What makes a packet less ordinary. */
function spoil(
	random: Random,
	words: Record<string, unknown>,
	{ family, protocol }: { family: Family; protocol: Protocol },
): void {
	if (often(random, 3)) words.checksum = "wrong";
	if (often(random, 6))
		Object.assign(words, {
			options: 4 * random.below(11),
			extensions: [0, 60, 43, 60, 60].slice(0, random.below(6)),
		});
	else if (often(random, 8) && protocol !== "SCTP") {
		const offset = 24 * random.below(2);
		words.payload = 72;
		words.fragment = { id: random.below(3), offset, length: offset ? 56 : 24 };
	} else if (often(random, 4)) words.padding = random.below(20);
	else if (often(random, 2)) words.cut = (family === "IPv4" ? 34 : 54) + random.below(20);
	// Behind the lengths of the IP header: the kernel drops what is shorter than it says.
	if (often(random, 8))
		words.bytes = { [(family === "IPv4" ? 18 : 20) + random.below(74)]: random.below(256) };
}
