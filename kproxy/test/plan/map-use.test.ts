import test from "ava";
import { createUseWarnings } from "../../src/plan/map-use.ts";

test("a map is named from 90 % on and until it is below 85 %", (t) => {
	const warnings = createUseWarnings();
	const steps = [50, 89, 90, 95, 86, 85, 84, 89, 90].map((used) => {
		const [warning] = warnings([{ name: "svc_slots", used, limit: 100 }]);
		return warning?.message.replace(/^map svc_slots holds /, "").replace(/ of 100 .*/, "");
	});
	t.deepEqual(steps, [undefined, undefined, "90", "95", "86", "85", undefined, undefined, "90"]);
});

test("a warning carries the map, its use and its limit, and keeps its id", (t) => {
	const warnings = createUseWarnings();
	const [first] = warnings([{ name: "svc_slots", used: 95, limit: 100 }]);
	const [second] = warnings([{ name: "svc_slots", used: 96, limit: 100 }]);
	t.deepEqual(first?.map, { name: "svc_slots", used: 95, limit: 100 });
	t.is(first?.code, "MAP_NEARLY_FULL");
	t.is(first?.id, second?.id);
});
