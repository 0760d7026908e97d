import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import type { Family, Scenario } from "./scenario.ts";

const directory = fileURLToPath(new URL("../../../bpf/scenarios", import.meta.url));

/** Every scenario of bpf/scenarios with its file, in order. */
export function readScenarios(): { file: string; scenario: Scenario }[] {
	const files = readdirSync(directory).filter((name) => name.endsWith(".yaml"));
	return files.sort().flatMap((file) => {
		const scenarios = parse(readFileSync(join(directory, file), "utf8")) as Scenario[];
		return scenarios.map((scenario) => ({ file, scenario }));
	});
}

/** By default both. */
export const familiesOf = (scenario: Scenario): readonly Family[] => scenario.families ?? ["IPv4", "IPv6"];
