import { stringify } from "yaml";
import { randomScenario } from "./random-scenario.ts";
import { runScenario } from "./run-scenario.ts";
import type { Scenario } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import type { Stage } from "./stage.ts";

/** What a fuzz run did; `failure`: a scenario in YAML on which programs and model differ, as small as it gets, and why. */
export interface FuzzReport {
	cases: number;
	frontends: number;
	packets: number;
	seconds: number;
	failure?: { why: string; scenario: string };
}

const STEPS = 40;
/** A failure that depends on what the kernel picks at random may need some tries. */
const TRIES = 8;

/** Random scenarios from this seed on until the time is over or one fails. */
export function fuzz(stage: Stage, { seed, seconds }: { seed: number; seconds: number }): FuzzReport {
	const report: FuzzReport = { cases: 0, frontends: 0, packets: 0, seconds: 0 };
	const start = performance.now();
	for (let number = seed; report.seconds < seconds; number++) {
		const scenario = randomScenario(number, STEPS);
		report.cases += 1;
		report.frontends += scenario.frontends?.length ?? 0;
		report.packets += scenario.steps.filter(({ at }) => at !== undefined).length;
		const why = failureOf(stage, scenario);
		if (why !== undefined) {
			const small = shrink(scenario, (smaller) =>
				Array.from({ length: TRIES }).some(() => failureOf(stage, smaller) !== undefined),
			);
			report.failure = {
				why: failureOf(stage, small) ?? why,
				scenario: stringify([small], { lineWidth: 0 }),
			};
		}
		report.seconds = (performance.now() - start) / 1000;
		if (report.failure) break;
	}
	return report;
}

function failureOf(stage: Stage, scenario: Scenario): string | undefined {
	try {
		runScenario(scenario, scenario.families?.[0] ?? "IPv4", stage);
		return undefined;
	} catch (error) {
		return error instanceof Error ? error.message : String(error);
	}
}
