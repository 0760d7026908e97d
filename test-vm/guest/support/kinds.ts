import { type MapType, type ProbedAttachType, type ProgramType, probe } from "bpf-loader";
import { kernelNames } from "../../../loader/src/kernel-names.ts";
import { attachPrograms } from "../../../loader/src/probe/attach-programs.ts";
import type { Feature } from "./feature.ts";

/** Types whose tries need more than a small program or a plain map, so that the probe cannot tell. */
const left: ReadonlySet<string> = new Set(["unspec", "struct_ops", "ext", "tracing", "lsm", "arena"]);

const known = <Type extends string>(types: readonly Type[]): Type[] =>
	types.filter((type) => !left.has(type));

/** Every type of program, map and hook that the loader has a name for. Errors about missing ones use the same names. */
export const kindFeatures: readonly Feature[] = [
	...known<ProgramType>(kernelNames.programTypes).map((type) => ({
		name: `program type ${type}`,
		works: () => probe().programType(type),
	})),
	...known<MapType>(kernelNames.mapTypes).map((type) => ({
		name: `map type ${type}`,
		works: () => probe().mapType(type),
	})),
	...(Object.keys(attachPrograms) as ProbedAttachType[]).map((type) => ({
		name: `attach type ${type}`,
		works: () => probe().attachType(type),
	})),
];
