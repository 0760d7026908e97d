/** Every probe of the conformance data, over what one planner makes of each step after the other. */
import test from "ava";
import { createPolicyPlanner } from "../../../src/plan/policy/planner.ts";
import { NODE } from "./cluster.ts";
import { CONFORMANCE_FILES, conformanceSteps } from "./conformance.ts";
import { allows } from "./evaluate.ts";

for (const [file, least] of CONFORMANCE_FILES) {
	test(`Planned rows answer every probe of ${file}`, (t) => {
		let count = 0;
		const wrong: string[] = [];
		let planner = createPolicyPlanner({ nodeName: NODE });
		for (const { name, isFirst, changes, probes } of conformanceSteps(file)) {
			if (isFirst) planner = createPolicyPlanner({ nodeName: NODE });
			planner.update(changes);
			count += probes.length;
			for (const { probe, expected, text } of probes)
				if (allows(planner.tables, probe) !== expected) wrong.push(`${name}: ${text} must be ${expected}`);
		}
		t.log(`${count} probes`);
		t.deepEqual(wrong.slice(0, 10), [], `${wrong.length} wrong`);
		t.true(count > least, `${count} probes`);
	});
}
