import type { Scenario } from "./scenario.ts";

/** The scenario without whatever can be left out so that it still fails: steps, then frontends. */
export function shrink(scenario: Scenario, fails: (smaller: Scenario) => boolean): Scenario {
	let least = scenario;
	for (const key of ["steps", "frontends", "steps"] as const)
		least = { ...least, [key]: fewer(least, key, fails) };
	return least;
}

function fewer(
	scenario: Scenario,
	key: "steps" | "frontends",
	fails: (smaller: Scenario) => boolean,
): readonly never[] {
	let items = (scenario[key] ?? []) as readonly never[];
	for (let size = Math.ceil(items.length / 2); size >= 1; size = Math.floor(size / 2)) {
		for (let at = 0; at < items.length; ) {
			const rest = items.toSpliced(at, size);
			if (fails({ ...scenario, [key]: rest })) items = rest;
			else at += size;
		}
	}
	return items;
}
