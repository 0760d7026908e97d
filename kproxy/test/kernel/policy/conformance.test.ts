/** Every probe of the conformance data as a packet through the real programs, over maps that are written step by step. */
import test from "ava";
import { deletePolicyLeftovers, writePolicyStep } from "../../../src/dataplane/policy-sync.ts";
import { createPolicyPlanner } from "../../../src/plan/policy/planner.ts";
import { sweepLabs } from "../../lab/lab.ts";
import { NODE } from "../../plan/policy/cluster.ts";
import { CONFORMANCE_FILES, conformanceSteps } from "../../plan/policy/conformance.ts";
import { createPolicyKernel, IFINDEX, type PolicyKernel } from "./policy-kernel.ts";

let kernel: PolicyKernel;

test.before(() => {
	sweepLabs();
	kernel = createPolicyKernel("policy");
});

test.after.always(() => kernel?.close());

for (const [file, least] of CONFORMANCE_FILES) {
	test.serial(`The programs answer every probe of ${file}`, (t) => {
		t.timeout(600_000);
		let count = 0;
		const wrong: string[] = [];
		let planner = createPolicyPlanner({ nodeName: NODE });
		kernel.within(() => {
			for (const { name, isFirst, changes, probes } of conformanceSteps(file)) {
				if (isFirst) {
					kernel.reset();
					planner = createPolicyPlanner({ nodeName: NODE });
				}
				for (const step of planner.update(changes)) {
					writePolicyStep(kernel.maps, step, { generation: 1, ifindexOf: () => IFINDEX });
					deletePolicyLeftovers(kernel.maps, step);
				}
				count += probes.length;
				for (const { probe, expected, text } of probes)
					if (kernel.allows(probe) !== expected) wrong.push(`${name}: ${text} must be ${expected}`);
			}
		});
		t.log(`${count} probes`);
		t.deepEqual(wrong.slice(0, 10), [], `${wrong.length} wrong`);
		t.true(count > least, `${count} probes`);
	});
}
