/**
 * Random policies, pods, labels and blocks, changed at random: what is planned must answer as the objects do, and in the
 * middle of a change as they did before it or do after it.
 */
import test from "ava";
import { type ApiObject, objectKey } from "../../../src/model/objects.ts";
import { createPolicyPlanner } from "../../../src/plan/policy/planner.ts";
import { emptyTables, type PolicyStep, type PolicyTables, ruleKey } from "../../../src/plan/policy/tables.ts";
import { createRandom } from "../../lab/random.ts";
import { gone, NODE, setOf } from "./cluster.ts";
import { allows, type Probe } from "./evaluate.ts";
import { objectsAllow } from "./naive.ts";
import {
	changesText,
	type ObjectChange,
	randomChanges,
	randomObject,
	randomProbe,
} from "./random-objects.ts";

const SEEDS = 60;
const CHANGES = 12;
const PROBES = 120;

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
function play(objects: readonly ObjectChange[], probes: readonly Probe[]): Fault | undefined {
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
function shrink(objects: readonly ObjectChange[], probes: readonly Probe[]): ObjectChange[] {
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
		const all = randomChanges(random, CHANGES);
		const probes = Array.from({ length: PROBES }, () => randomProbe(random));
		const fault = play(all, probes);
		if (!fault) continue;
		const small = shrink(all, [fault.probe]);
		t.fail(`seed ${seed}: ${JSON.stringify(fault.probe)}: ${fault.said}\n${changesText(small)}`);
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
