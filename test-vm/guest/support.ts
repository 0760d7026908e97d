/*
 * Prints as one JSON document what the running kernel can do: which programs load, and which features work. Each is
 * tried. Needs root and `ip`; makes a network namespace and a cgroup of its own.
 */
import { release } from "node:os";
import { parseArgs } from "node:util";
import { openSpec } from "bpf-loader";
import { attachFeatures } from "./support/attach-features.ts";
import { batchFeatures } from "./support/batch-features.ts";
import { tryFeature } from "./support/feature.ts";
import { kindFeatures } from "./support/kinds.ts";
import { memoryFeatures } from "./support/memory-features.ts";
import { networkFeatures } from "./support/network-features.ts";
import { makePlace } from "./support/place.ts";
import { programFeatures } from "./support/program-features.ts";
import { tryPrograms } from "./support/programs.ts";
import type { SupportReport } from "./support/report.ts";

const features = [
	...attachFeatures,
	...programFeatures,
	...batchFeatures,
	...networkFeatures,
	...memoryFeatures,
	...kindFeatures,
];

const usage = "usage: support.ts --features FEATURES.bpf.o [--objects NAME=DIRECTORY]…";

function report(args: readonly string[]): SupportReport {
	const { values } = parseArgs({
		args: [...args],
		options: { features: { type: "string" }, objects: { type: "string", multiple: true } },
	});
	if (values.features === undefined) throw new Error(usage);
	using place = makePlace(openSpec(values.features));
	return {
		kernel: release(),
		programs: Object.fromEntries((values.objects ?? []).map(readSet)),
		features: Object.fromEntries(features.map((feature) => [feature.name, tryFeature(feature, place)])),
	};
}

function readSet(text: string): [name: string, programs: ReturnType<typeof tryPrograms>] {
	const [name, directory] = text.split("=", 2);
	if (!name || !directory) throw new Error(`--objects ${text}: ${usage}`);
	return [name, tryPrograms(directory)];
}

process.stdout.write(`${JSON.stringify(report(process.argv.slice(2)), undefined, "\t")}\n`);
