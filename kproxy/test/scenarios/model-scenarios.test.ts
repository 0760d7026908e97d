/** bpf/scenarios against the model alone, which picks for itself: no privileges. */
import test from "ava";
import { createRandom } from "../lab/random.ts";
import { PacketPath } from "../reference/packet-path.ts";
import type { World } from "../reference/world.ts";
import { familiesOf, readScenarios } from "./read-scenarios.ts";
import { runScenario, type Subject } from "./run-scenario.ts";

function open(world: World): Subject {
	const random = createRandom(1);
	const { snatPortFirst, snatPortLast } = world.tunables;
	const ports = Array.from({ length: snatPortLast - snatPortFirst + 1 }, (_, index) => snatPortFirst + index);
	const model = new PacketPath(world, {
		backend: ({ allowed }) => [...allowed][random.below(allowed.size)] ?? 0,
		port: ({ isFree }) => ports.find(isFree),
	});
	return {
		model,
		run: (hook, frame) => model.run(hook, frame),
		wait(seconds) {
			model.memory.nowS += seconds;
		},
		rewrite() {},
		compareMemory() {},
	};
}

for (const { file, scenario } of readScenarios()) {
	for (const family of familiesOf(scenario)) {
		test(`${file}, ${family}, the model alone: ${scenario.title}`, (t) => {
			t.notThrows(() => runScenario(scenario, family, { routeDevice: 2, open }));
		});
	}
}
