import { readdirSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { BpfError, errnoName, loadObject, type ObjectSpec, openSpec, VerifierError } from "bpf-loader";
import { probeTunables } from "../../../kproxy/src/dataplane/probe-tunables.ts";
import type { ProgramAnswer, ProgramRefusal } from "./report.ts";

/**
 * Loads each program of each object of a directory alone, with the tunables that kproxy would give it on this kernel;
 * the answers by `object.bpf.o program`.
 */
export function tryPrograms(directory: string): Record<string, ProgramAnswer> {
	const answers: Record<string, ProgramAnswer> = {};
	for (const file of readdirSync(directory).sort()) {
		if (!file.endsWith(".bpf.o")) continue;
		const spec = openSpec(join(directory, file));
		for (const program of Object.keys(spec.programs)) {
			answers[`${file} ${program}`] = tryProgram(spec, file, program);
		}
	}
	return answers;
}

function tryProgram(spec: ObjectSpec, file: string, program: string): ProgramAnswer {
	const alone = Object.keys(spec.programs).map((name) => [
		name,
		{ load: name === program, statistics: name === program },
	]);
	try {
		using object = loadObject(spec, {
			programs: Object.fromEntries(alone),
			variables: variablesFor(spec),
		});
		const loaded = object.programs[program];
		return { loads: true, instructions: loaded?.statistics?.verifiedInstructions ?? 0 };
	} catch (error) {
		if (error instanceof BpfError) return refusal(error, file);
		throw error;
	}
}

/** What kproxy finds by probing, for the objects that have such variables. */
function variablesFor(spec: ObjectSpec): Record<string, boolean> {
	const known = Object.entries(probeTunables());
	return Object.fromEntries(known.filter(([name]) => Object.hasOwn(spec.variables, name)));
}

/** One line that stands alone: kernel, object, program, C file and line, reason. */
function refusal(error: BpfError, file: string): ProgramRefusal {
	const refused = error.errno === undefined ? error.code : errnoName(error.errno);
	const line = `kernel ${release()}, ${file}: ${error.message}`;
	if (!(error instanceof VerifierError) || error.file === undefined) return { refused, line };
	return { refused, line, at: `${error.file}:${error.line}` };
}
