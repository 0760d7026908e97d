/** Random policies, pods, labels and blocks, and packets between their addresses. */
import type { ApiObject } from "../../../src/model/objects.ts";
import type { Random } from "../../lab/random.ts";
import { NODE, namespace, pod, policy } from "./cluster.ts";
import type { Probe } from "./evaluate.ts";

const pick = <T>(random: Random, items: readonly T[]): T => items[random.below(items.length)] as T;
export const chance = (random: Random, percent: number): boolean => random.below(100) < percent;

export const NAMESPACES = ["x", "y"];
const KEYS = ["app", "tier"];
const VALUES = ["a", "b", "c"];
const PROTOCOLS = ["TCP", "UDP", "SCTP"];
const NAMES = ["http", "dns"];
const PORTS = [53, 80, 81, 8080];
const BLOCKS = [
	"0.0.0.0/0",
	"10.0.0.0/8",
	"10.244.0.0/16",
	"10.244.0.0/30",
	"10.244.0.4/30",
	"192.0.2.0/24",
	"192.0.2.128/25",
	"fd00::/8",
	"fd00::/126",
	"::/0",
];
const OUTSIDE = ["192.0.2.1", "192.0.2.200", "10.1.2.3", "2001:db8::1", "fd00:ffff::1"];
const POD_NAMES = ["p1", "p2", "p3", "p4"];

export function randomLabels(random: Random): Record<string, string> {
	return Object.fromEntries(KEYS.filter(() => chance(random, 60)).map((key) => [key, pick(random, VALUES)]));
}

function randomSelector(random: Random): object {
	const matchLabels = chance(random, 40)
		? { matchLabels: { [pick(random, KEYS)]: pick(random, VALUES) } }
		: {};
	if (!chance(random, 40)) return matchLabels;
	const operator = pick(random, ["In", "NotIn", "Exists", "DoesNotExist"]);
	const values = operator.endsWith("In") ? { values: random.someOf(VALUES) } : {};
	return { ...matchLabels, matchExpressions: [{ key: pick(random, KEYS), operator, ...values }] };
}

function randomPeer(random: Random): object {
	if (chance(random, 40)) {
		const cidr = pick(random, BLOCKS);
		const family = cidr.includes(":");
		const except = chance(random, 50)
			? random.someOf(BLOCKS.filter((each) => each.includes(":") === family && each !== cidr))
			: [];
		return { ipBlock: { cidr, except } };
	}
	const pods = { podSelector: randomSelector(random) };
	if (chance(random, 50)) return pods;
	return { namespaceSelector: randomSelector(random), ...(chance(random, 60) && pods) };
}

function randomPort(random: Random): object {
	const protocol = chance(random, 50) ? { protocol: pick(random, PROTOCOLS) } : {};
	if (chance(random, 20)) return protocol;
	if (chance(random, 30)) return { ...protocol, port: pick(random, NAMES) };
	const port = pick(random, PORTS);
	return { ...protocol, port, ...(chance(random, 30) && { endPort: port + random.below(200) }) };
}

const several = <T>(random: Random, make: (random: Random) => T): T[] =>
	Array.from({ length: random.below(3) }, () => make(random));

function randomPolicy(random: Random): ApiObject {
	const rules = (peers: "from" | "to") =>
		several(random, () => ({ [peers]: several(random, randomPeer), ports: several(random, randomPort) }));
	return policy(`${pick(random, NAMESPACES)}/n${random.below(4)}`, {
		podSelector: randomSelector(random),
		...(chance(random, 70) && { ingress: rules("from") }),
		...(chance(random, 50) && { egress: rules("to") }),
		...(chance(random, 30) && { policyTypes: random.someOf(["Ingress", "Egress"]) }),
	});
}

export function randomPod(random: Random): ApiObject {
	const [space, name] = [random.below(NAMESPACES.length), random.below(POD_NAMES.length)];
	const number = space * POD_NAMES.length + name + 1;
	return pod(`${NAMESPACES[space]}/${POD_NAMES[name]}`, {
		labels: randomLabels(random),
		ips: chance(random, 10) ? [] : [`10.244.0.${number}`, `fd00::${number}`],
		node: chance(random, 70) ? NODE : "node-b",
		hostNetwork: chance(random, 5),
		ports: NAMES.filter(() => chance(random, 60)).map((each) => ({
			name: each,
			protocol: pick(random, PROTOCOLS),
			containerPort: pick(random, PORTS),
		})),
		phase: chance(random, 5) ? "Succeeded" : "Running",
	});
}

export function randomObject(random: Random): ApiObject {
	const dice = random.below(100);
	if (dice < 45) return randomPolicy(random);
	return dice < 90 ? randomPod(random) : namespace(pick(random, NAMESPACES), randomLabels(random));
}

export function randomProbe(random: Random): Probe {
	const family = random.below(2);
	const pods = Array.from({ length: 8 }, (_, number) =>
		family ? `fd00::${number + 1}` : `10.244.0.${number + 1}`,
	);
	const all = [...pods, ...pods, ...OUTSIDE.filter((address) => address.includes(":") === (family === 1))];
	return {
		from: pick(random, all),
		to: pick(random, all),
		protocol: pick(random, [6, 17, 132]),
		port: pick(random, [...PORTS, 100, 9000]),
	};
}

/** An object that is set, or taken away. */
export type ObjectChange = readonly [ApiObject, "set" | "delete"];

/** A start with pods, and so many changes. */
export function randomChanges(random: Random, count: number): ObjectChange[] {
	return [
		...NAMESPACES.map((name) => [namespace(name, randomLabels(random)), "set"] as const),
		...Array.from({ length: 8 }, () => [randomPod(random), "set"] as const),
		...Array.from(
			{ length: count },
			() => [randomObject(random), chance(random, 80) ? "set" : "delete"] as const,
		),
	];
}

/** As lines of a failure. */
export function changesText(changes: readonly ObjectChange[]): string {
	return changes.map(([each, what]) => `${what} ${JSON.stringify(each)}`).join("\n");
}
