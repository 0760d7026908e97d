/** Random policies, pods, labels and blocks, and packets between their addresses. */
import type { ApiObject } from "../../../src/model/objects.ts";
import type { Random } from "../../lab/random.ts";
import { NODE, namespace, pod, policy } from "./cluster.ts";
import type { Probe } from "./evaluate.ts";

export const pick = <T>(random: Random, items: readonly T[]): T => items[random.below(items.length)] as T;
export const chance = (random: Random, percent: number): boolean => random.below(100) < percent;

export const NAMESPACES = ["x", "y"];
const KEYS = ["app", "tier"];
const VALUES = ["a", "b", "c"];
const PROTOCOLS = ["TCP", "UDP", "SCTP"];
const NAMES = ["http", "dns"];
/** Numbers that rules and pods have for ports. */
export const PORTS = [53, 80, 81, 8080];
/** Numbers that ranges of rules end with. */
export const LAST_PORTS = [82, 100, 9000];
/** Some are within others, some hold pods, some are one address. */
const BLOCKS = [
	"0.0.0.0/0",
	"10.0.0.0/8",
	"10.244.0.0/16",
	"10.244.0.0/30",
	"10.244.0.4/30",
	"10.244.0.6/31",
	"10.244.0.5/32",
	"192.0.2.0/24",
	"192.0.2.128/25",
	"192.0.2.0/31",
	"fd00::/8",
	"fd00::/126",
	"fd00::4/127",
	"fd00::5/128",
	"2000::/3",
	"2001:db8::/64",
	"::/0",
];
/** Addresses that no pod has. */
export const OUTSIDE = ["192.0.2.1", "192.0.2.200", "10.1.2.3", "2001:db8::1", "fd00:ffff::1"];
const POD_NAMES = ["p1", "p2", "p3", "p4"];

export function randomLabels(random: Random): Record<string, string> {
	return Object.fromEntries(KEYS.filter(() => chance(random, 60)).map((key) => [key, pick(random, VALUES)]));
}

function randomExpression(random: Random): object {
	const operator = pick(random, ["In", "NotIn", "Exists", "DoesNotExist"]);
	const values = operator.endsWith("In") ? { values: random.someOf(VALUES) } : {};
	return { key: pick(random, KEYS), operator, ...values };
}

function randomSelector(random: Random): object {
	const matchLabels = chance(random, 40)
		? { matchLabels: { [pick(random, KEYS)]: pick(random, VALUES) } }
		: {};
	if (!chance(random, 40)) return matchLabels;
	const matchExpressions = Array.from({ length: 1 + random.below(2) }, () => randomExpression(random));
	return { ...matchLabels, matchExpressions };
}

function randomNamespaces(random: Random): object {
	if (chance(random, 75)) return randomSelector(random);
	return { matchLabels: { "kubernetes.io/metadata.name": pick(random, NAMESPACES) } };
}

function randomPeer(random: Random): object {
	if (chance(random, 40)) {
		const cidr = pick(random, BLOCKS);
		const family = cidr.includes(":");
		const except = chance(random, 50)
			? random.someOf(BLOCKS.filter((each) => each.includes(":") === family && each !== cidr))
			: [];
		return { ipBlock: { cidr, ...(!chance(random, 10) && { except }) } };
	}
	const pods = { podSelector: randomSelector(random) };
	if (chance(random, 50)) return pods;
	return { namespaceSelector: randomNamespaces(random), ...(chance(random, 60) && pods) };
}

function randomPort(random: Random): object {
	const protocol = chance(random, 50) ? { protocol: pick(random, PROTOCOLS) } : {};
	if (chance(random, 20)) return protocol;
	if (chance(random, 40)) return { ...protocol, port: pick(random, NAMES) };
	const port = pick(random, PORTS);
	if (chance(random, 60)) return { ...protocol, port };
	return {
		...protocol,
		port,
		endPort: pick(random, [port + random.below(200), ...LAST_PORTS.filter((each) => each >= port)]),
	};
}

const several = <T>(random: Random, make: (random: Random) => T): T[] =>
	Array.from({ length: pick(random, [0, 1, 1, 2]) }, () => make(random));

/** An empty list and no list mean the same. */
const listed = <T>(random: Random, field: string, items: readonly T[]): object =>
	items.length > 0 || chance(random, 50) ? { [field]: items } : {};

export function randomPolicy(random: Random): ApiObject {
	const rules = (peers: "from" | "to") =>
		several(random, () => ({
			...listed(random, peers, several(random, randomPeer)),
			...listed(random, "ports", several(random, randomPort)),
		}));
	return policy(`${pick(random, NAMESPACES)}/n${random.below(4)}`, {
		...(!chance(random, 5) && { podSelector: randomSelector(random) }),
		...(chance(random, 70) && { ingress: rules("from") }),
		...(chance(random, 60) && { egress: rules("to") }),
		...(chance(random, 30) && { policyTypes: random.someOf(["Ingress", "Egress"]) }),
	});
}

/** The addresses of a pod, by number. */
export const podAddresses = (number: number): readonly [string, string] => [
	`10.244.0.${number}`,
	`fd00::${number}`,
];

/** A pod has addresses of its own, always the same, unless `number` gives it others. */
export function randomPod(random: Random, number?: number): ApiObject {
	const [space, name] = [random.below(NAMESPACES.length), random.below(POD_NAMES.length)];
	return pod(`${NAMESPACES[space]}/${POD_NAMES[name]}`, {
		labels: randomLabels(random),
		ips: chance(random, 10) ? [] : podAddresses(number ?? space * POD_NAMES.length + name + 1),
		node: chance(random, 70) ? NODE : "node-b",
		hostNetwork: chance(random, 5),
		ports: [...NAMES, ...NAMES]
			.filter(() => chance(random, 25))
			.map((each) => ({
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
	return dice < 90 ? randomPod(random) : randomNamespace(random);
}

export function randomNamespace(random: Random): ApiObject {
	return namespace(pick(random, NAMESPACES), randomLabels(random));
}

export function randomProbe(random: Random): Probe {
	const family = random.below(2);
	const pods = Array.from({ length: 8 }, (_, number) => podAddresses(number + 1)[family] as string);
	const all = [...pods, ...pods, ...OUTSIDE.filter((address) => address.includes(":") === (family === 1))];
	return {
		from: pick(random, all),
		to: pick(random, all),
		protocol: pick(random, [6, 17, 132]),
		port: pick(random, [...PORTS, ...LAST_PORTS]),
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
