/** Random clusters in the kernel, held against the objects themselves. */
import {
	deleteOldGenerations,
	deletePolicyLeftovers,
	writePolicyStep,
	writePolicyWhole,
} from "../../../src/dataplane/policy-sync.ts";
import { type ApiObject, objectKey } from "../../../src/model/objects.ts";
import { createPolicyPlanner } from "../../../src/plan/policy/planner.ts";
import { createRandom } from "../../lab/random.ts";
import { gone, NODE, setOf } from "../../plan/policy/cluster.ts";
import type { Probe } from "../../plan/policy/evaluate.ts";
import { objectsAllow } from "../../plan/policy/naive.ts";
import {
	changesText,
	type ObjectChange,
	randomChanges,
	randomProbe,
} from "../../plan/policy/random-objects.ts";
import { IFINDEX, type PolicyKernel } from "./policy-kernel.ts";

const CHANGES = 12;
const PROBES = 60;
/** Everything is written anew so often. */
const ANEW_EVERY = 5;
const OWN = ["172.31.0.1", "fd00:ffff:0:0:0:0:0:9"];
const isLocal = ({ nodeName }: { nodeName: string }) => nodeName === NODE;

/** A verdict that differs, made as small as it gets. */
export interface PolicyFailure {
	seed: number;
	why: string;
}

/** Plays one random cluster after the other until one fails, or time is up; rounds are counted. */
export function fuzzPolicy(
	kernel: PolicyKernel,
	{ seed: first, seconds }: { seed: number; seconds: number },
): { rounds: number; probes: number; failure: PolicyFailure | undefined } {
	const end = performance.now() + seconds * 1000;
	let [rounds, probes] = [0, 0];
	for (let seed = first; performance.now() < end; seed++) {
		const random = createRandom(seed);
		const changes = randomChanges(random, CHANGES);
		const asked = [...Array.from({ length: PROBES }, () => randomProbe(random)), ...ownProbes()];
		const fault = play(kernel, changes, asked);
		rounds += 1;
		probes += asked.length * changes.length;
		if (!fault) continue;
		const small = shrink(kernel, changes, fault.probe);
		const why = `seed ${seed}: ${JSON.stringify(fault.probe)}: ${fault.said}\n${changesText(small)}`;
		return { rounds, probes, failure: { seed, why } };
	}
	return { rounds, probes, failure: undefined };
}

interface Fault {
	probe: Probe;
	said: string;
}

/** From this node, to it, and a pod to itself. */
function ownProbes(): Probe[] {
	return OWN.flatMap((own) => {
		const pod = own.includes(":") ? "fd00::1" : "10.244.0.1";
		const at = { protocol: 6, port: 80 };
		return [
			{ from: own, to: pod, ...at },
			{ from: pod, to: own, ...at },
			{ from: pod, to: pod, ...at },
		];
	});
}

function expected(objects: readonly ApiObject[], probe: Probe): boolean {
	return OWN.includes(probe.from) || objectsAllow(objects, probe, isLocal);
}

/** The first verdict that is not what the objects say after some change; undefined where there is none. */
function play(
	kernel: PolicyKernel,
	changes: readonly ObjectChange[],
	probes: readonly Probe[],
): Fault | undefined {
	const planner = createPolicyPlanner({ nodeName: NODE });
	const state = new Map<string, ApiObject>();
	let generation = 1;
	kernel.reset(OWN);
	return kernel.within(() => {
		for (const [index, [each, what]] of changes.entries()) {
			if (what === "set") state.set(objectKey(each), each);
			else state.delete(objectKey(each));
			const steps = planner.update([what === "set" ? setOf(each) : gone(each)]);
			const { tables } = planner;
			if (index % ANEW_EVERY === ANEW_EVERY - 1) {
				generation += 1;
				writePolicyWhole(kernel.maps, tables, { generation, ifindexOf: () => IFINDEX });
				deleteOldGenerations(kernel.maps, { tables, generation, waiting: [] });
			} else {
				for (const step of steps)
					writePolicyStep(kernel.maps, step, { generation, ifindexOf: () => IFINDEX });
				for (const step of steps) deletePolicyLeftovers(kernel.maps, step);
			}
			const objects = [...state.values()];
			for (const probe of probes) {
				const [said, wanted] = [kernel.allows(probe), expected(objects, probe)];
				if (said !== wanted) return { probe, said: `${said}, by the objects ${wanted}` };
			}
		}
		return undefined;
	});
}

/** Leaves out what the fault does not need. */
function shrink(kernel: PolicyKernel, changes: readonly ObjectChange[], probe: Probe): ObjectChange[] {
	let small = [...changes];
	for (let index = small.length - 1; index >= 0; index--) {
		const fewer = small.toSpliced(index, 1);
		if (play(kernel, fewer, [probe])) small = fewer;
	}
	return small;
}
