/**
 * Random policies, pods, labels and blocks, changed at random: what is planned must answer as the objects do, and in the
 * middle of a change as they did before it or do after it.
 */
import test from "ava";
import { type ApiObject, objectKey } from "../../../src/model/objects.ts";
import { createPolicyPlanner } from "../../../src/plan/policy/planner.ts";
import { emptyTables, type PolicyStep, type PolicyTables, ruleKey } from "../../../src/plan/policy/tables.ts";
import { createRandom, type Random } from "../../lab/random.ts";
import { gone, NODE, namespace, pod, policy, setOf } from "./cluster.ts";
import { allows, type Probe } from "./evaluate.ts";
import { objectsAllow } from "./naive.ts";

const SEEDS = 60;
const CHANGES = 12;
const PROBES = 120;

const pick = <T>(random: Random, items: readonly T[]): T => items[random.below(items.length)] as T;
const chance = (random: Random, percent: number): boolean => random.below(100) < percent;

const NAMESPACES = ["x", "y"];
const KEYS = ["app", "tier"];
const VALUES = ["a", "b", "c"];
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

function randomLabels(random: Random): Record<string, string> {
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
	const protocol = chance(random, 50) ? { protocol: pick(random, ["TCP", "UDP"]) } : {};
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

function randomPod(random: Random): ApiObject {
	const [space, name] = [random.below(NAMESPACES.length), random.below(POD_NAMES.length)];
	const number = space * POD_NAMES.length + name + 1;
	return pod(`${NAMESPACES[space]}/${POD_NAMES[name]}`, {
		labels: randomLabels(random),
		ips: chance(random, 10) ? [] : [`10.244.0.${number}`, `fd00::${number}`],
		node: chance(random, 70) ? NODE : "node-b",
		hostNetwork: chance(random, 5),
		ports: NAMES.filter(() => chance(random, 60)).map((each) => ({
			name: each,
			protocol: pick(random, ["TCP", "UDP"]),
			containerPort: pick(random, PORTS),
		})),
		phase: chance(random, 5) ? "Succeeded" : "Running",
	});
}

function randomObject(random: Random): ApiObject {
	const dice = random.below(100);
	if (dice < 45) return randomPolicy(random);
	return dice < 90 ? randomPod(random) : namespace(pick(random, NAMESPACES), randomLabels(random));
}

function randomProbe(random: Random): Probe {
	const family = random.below(2);
	const pods = Array.from({ length: 8 }, (_, number) =>
		family ? `fd00::${number + 1}` : `10.244.0.${number + 1}`,
	);
	const all = [...pods, ...pods, ...OUTSIDE.filter((address) => address.includes(":") === (family === 1))];
	return {
		from: pick(random, all),
		to: pick(random, all),
		protocol: pick(random, [6, 17]),
		port: pick(random, [...PORTS, 100, 9000]),
	};
}

const isLocal = ({ nodeName }: { nodeName: string }) => nodeName === NODE;

/** Writes a step, and looks at what a packet meets after each single write that it could meet. */
function* write(tables: PolicyTables, step: PolicyStep): Generator<void> {
	for (const entry of step.rules) tables.rules.set(ruleKey(entry), entry);
	yield;
	for (const part of ["peers", "pods"] as const) {
		for (const [address, value] of step[part]) {
			if (value === undefined) tables[part].delete(address);
			else tables[part].set(address, value as never);
			yield;
		}
	}
	for (const entry of step.leftRules) tables.rules.delete(ruleKey(entry));
	yield;
}

interface Fault {
	change: number;
	probe: Probe;
	said: string;
}

/** Plays changes one after the other; the first fault, or undefined. */
function play(
	objects: readonly (readonly [ApiObject, "set" | "delete"])[],
	probes: readonly Probe[],
): Fault | undefined {
	const planner = createPolicyPlanner({ nodeName: NODE });
	const kernel = emptyTables();
	const state = new Map<string, ApiObject>();
	const verdicts = () => probes.map((probe) => objectsAllow([...state.values()], probe, isLocal));
	let before = verdicts();
	for (const [change, [each, what]] of objects.entries()) {
		if (what === "set") state.set(objectKey(each), each);
		else state.delete(objectKey(each));
		const after = verdicts();
		for (const step of planner.update([what === "set" ? setOf(each) : gone(each)])) {
			for (const _ of write(kernel, step)) {
				const odd = probes.find(
					(probe, index) => ![before[index], after[index]].includes(allows(kernel, probe)),
				);
				if (odd) return { change, probe: odd, said: `in between ${allows(kernel, odd)}` };
			}
		}
		for (const [index, probe] of probes.entries()) {
			const got = allows(kernel, probe);
			if (got !== after[index]) return { change, probe, said: `${got}, by the objects ${after[index]}` };
			if (got !== allows(planner.tables, probe))
				return { change, probe, said: "the steps do not lead to the tables" };
		}
		before = after;
	}
	for (const part of ["pods", "peers", "rules"] as const) {
		if (kernel[part].size !== planner.tables[part].size)
			return {
				change: objects.length,
				probe: probes[0] as Probe,
				said: `${part}: ${kernel[part].size} written, ${planner.tables[part].size} planned`,
			};
	}
	return undefined;
}

/** Leaves out what the fault does not need. */
function shrink(
	objects: readonly (readonly [ApiObject, "set" | "delete"])[],
	probes: readonly Probe[],
): (readonly [ApiObject, "set" | "delete"])[] {
	let small = [...objects];
	for (let index = small.length - 1; index >= 0; index--) {
		const fewer = small.toSpliced(index, 1);
		if (play(fewer, probes)) small = fewer;
	}
	return small;
}

test("Random changes are planned as the objects say, at every moment", (t) => {
	for (let seed = 1; seed <= SEEDS; seed++) {
		const random = createRandom(seed);
		const objects = Array.from(
			{ length: CHANGES },
			() => [randomObject(random), chance(random, 80) ? "set" : "delete"] as const,
		);
		const start = NAMESPACES.map((name) => [namespace(name, randomLabels(random)), "set"] as const);
		const pods = Array.from({ length: 8 }, () => [randomPod(random), "set"] as const);
		const probes = Array.from({ length: PROBES }, () => randomProbe(random));
		const all = [...start, ...pods, ...objects];
		const fault = play(all, probes);
		if (!fault) continue;
		const small = shrink(all, [fault.probe]);
		t.fail(
			`seed ${seed}: ${JSON.stringify(fault.probe)}: ${fault.said}\n${small.map(([each, what]) => `${what} ${JSON.stringify(each)}`).join("\n")}`,
		);
		return;
	}
	t.pass();
});

test("Changes that come together lead where they would one by one", (t) => {
	for (let seed = 1; seed <= SEEDS; seed++) {
		const random = createRandom(1000 + seed);
		const objects = Array.from({ length: 25 }, () => randomObject(random));
		const last = new Map(objects.map((each) => [objectKey(each), each]));
		const [together, single] = [
			createPolicyPlanner({ nodeName: NODE }),
			createPolicyPlanner({ nodeName: NODE }),
		];
		together.update([...last.values()].map(setOf));
		for (const each of objects) single.update([setOf(each)]);
		for (let count = 0; count < PROBES; count++) {
			const probe = randomProbe(random);
			const wanted = objectsAllow([...last.values()], probe, isLocal);
			t.is(allows(together.tables, probe), wanted, `seed ${seed}, together: ${JSON.stringify(probe)}`);
			t.is(allows(single.tables, probe), wanted, `seed ${seed}, one by one: ${JSON.stringify(probe)}`);
		}
		t.is(together.tables.rules.size, single.tables.rules.size);
	}
});

test("When everything has gone nothing is left", (t) => {
	const random = createRandom(7);
	const objects = Array.from({ length: 40 }, () => randomObject(random));
	const planner = createPolicyPlanner({ nodeName: NODE });
	for (const each of objects) planner.update([setOf(each)]);
	t.true(planner.tables.rules.size > 0);
	for (const each of objects) planner.update([gone(each)]);
	const { tables } = planner;
	t.deepEqual(
		[tables.pods, tables.peers, tables.rules, tables.ruleNames, tables.setPolicies].map(({ size }) => size),
		[0, 0, 0, 0, 0],
	);
});
