import { Errno } from "../errno.ts";
import { BpfError } from "../errors.ts";
import { failure } from "../failure.ts";
import { duplicateDescriptor } from "../ffi/descriptor.ts";
import { lastErrno, type Pointer } from "../ffi/library.ts";
import { captureLog } from "../ffi/log.ts";
import { objectCalls } from "../ffi/object.ts";
import { attachTypeNumber, programTypeNumber } from "../kernel-names.ts";
import { unpin } from "../pin.ts";
import type { ObjectSpec, ProgramSpec } from "../spec/object-spec.ts";
import { BpfMap } from "./bpf-map.ts";
import { BpfObject, type ObjectNames } from "./bpf-object.ts";
import { type LoadOutcome, loadFailure } from "./load-failure.ts";
import { findReused, pinPathOf, type ReusedMap } from "./map-reuse.ts";
import { Program } from "./program.ts";
import { sectionContents, type VariableValue } from "./variable-values.ts";
import { readStatistics, statisticsLogLevel, statisticsLogSize } from "./verifier-statistics.ts";

/** What to change in one map before it is created. */
export interface LoadMapOptions {
	/** Entries, in place of those in the C. */
	maxEntries?: number;
	/** Path on a bpffs: what is pinned there is used, or the new map is pinned there. */
	pinPath?: string;
	/** An open map to use; it stays the caller's. */
	reuse?: BpfMap;
}

/** What to change in one program before it is loaded. */
export interface LoadProgramOptions {
	/** False: leave it out. True: load it although its section starts with `?`. */
	load?: boolean;
	/** True: `Program.statistics` tells what the verifier counted. */
	statistics?: boolean;
}

/** What to change in an object before it is loaded. Names that it does not have are errors. */
export interface LoadOptions<Names extends ObjectNames = ObjectNames> {
	/** Initial values of global variables. */
	variables?: { readonly [Name in Names["variables"]]?: VariableValue };
	maps?: { readonly [Name in Names["maps"]]?: LoadMapOptions };
	programs?: { readonly [Name in Names["programs"]]?: LoadProgramOptions };
	/** Directory for maps declared with `LIBBPF_PIN_BY_NAME`; by default `/sys/fs/bpf`. */
	pinRoot?: string;
}

type AnyLoadOptions = {
	readonly variables?: Readonly<Record<string, VariableValue | undefined>>;
	readonly maps?: Readonly<Record<string, LoadMapOptions | undefined>>;
	readonly programs?: Readonly<Record<string, LoadProgramOptions | undefined>>;
	readonly pinRoot?: string;
};

/**
 * Creates an object's maps and loads its programs; where it fails, nothing stays in the kernel or on the bpffs. libbpf
 * raises RLIMIT_MEMLOCK by itself, and only below kernel 5.11, where BPF memory counts against it. Throws BpfError
 * `VARIABLE_…`, `MAP_UNKNOWN`, `PROGRAM_UNKNOWN` before anything is done; VerifierError, PermissionError,
 * UnsupportedError, LayoutError, MapError.
 */
export function loadObject<Names extends ObjectNames = ObjectNames>(
	spec: ObjectSpec,
	options: LoadOptions<Names> = {},
): BpfObject<Names> {
	const plan = planLoad(spec, options);
	try {
		adoptMaps(plan);
		return new BpfObject<Names>(pinNewMaps(plan, loadWithLog(plan)));
	} finally {
		for (const { map, owned } of plan.reused.values()) if (owned) map.close();
	}
}

/** All that is decided before libbpf is called. */
interface LoadPlan {
	spec: ObjectSpec;
	options: AnyLoadOptions;
	/** New contents of data sections, by section name. */
	sections: Map<string, Uint8Array>;
	/** Paths of maps that will be pinned or are, by map name. */
	pinPaths: Map<string, string>;
	/** Maps that exist already, by map name. */
	reused: Map<string, ReusedMap>;
}

function planLoad(spec: ObjectSpec, options: AnyLoadOptions): LoadPlan {
	checkNames(spec, "map", options.maps);
	checkNames(spec, "program", options.programs);
	const sections = sectionContents(spec, options.variables ?? {});
	const pinPaths = new Map<string, string>();
	for (const [name, map] of Object.entries(spec.maps)) {
		const path = pinPathOf(map, options.maps?.[name], options.pinRoot ?? "/sys/fs/bpf");
		if (path !== undefined) pinPaths.set(name, path);
	}
	return { spec, options, sections, pinPaths, reused: new Map() };
}

function adoptMaps({ spec, options, pinPaths, reused }: LoadPlan): void {
	for (const name of Object.keys(spec.maps)) {
		const found = findReused(spec, name, { options: options.maps?.[name], pinPath: pinPaths.get(name) });
		if (found !== undefined) reused.set(name, found);
	}
}

function checkNames(spec: ObjectSpec, kind: "map" | "program", chosen: object | undefined): void {
	const known = Object.keys(spec[`${kind}s`]);
	const unknown = Object.keys(chosen ?? {}).find((name) => !known.includes(name));
	if (unknown === undefined) return;
	throw new BpfError(`${spec.name} has no ${kind} ${unknown}; it has: ${known.join(", ") || "none"}`, {
		code: `${kind.toUpperCase()}_UNKNOWN`,
		operation: "load",
		object: unknown,
	});
}

/** Programs and maps by name, with descriptors of their own: libbpf's object is freed as soon as it is loaded. */
export interface Loaded {
	programs: Map<string, Program>;
	maps: Map<string, BpfMap>;
}

/** The verifier's log does not fit: libbpf cannot load an object twice, so it is opened again with more room. */
const logSizes = [1 << 18, (1 << 24) - 1, 1 << 27];

function loadWithLog(plan: LoadPlan): Loaded {
	const counted = Object.entries(plan.options.programs ?? {}).filter(([, options]) => options?.statistics);
	if (counted.length > 0) {
		const logs = new Map(counted.map(([name]) => [name, Buffer.alloc(statisticsLogSize)]));
		const result = tryLoad(plan, Buffer.alloc(statisticsLogSize), logs);
		if ("programs" in result) return result;
		// The log of counts does not tell what is wrong: the tries below do.
	}
	let outcome: LoadOutcome | undefined;
	for (const size of logSizes) {
		const result = tryLoad(plan, Buffer.alloc(size));
		if ("programs" in result) return result;
		outcome = result;
		if (outcome.errno !== Errno.ENOSPC) break;
	}
	throw loadFailure(resized(plan), outcome ?? { errno: Errno.EINVAL, lines: [], verifierLog: "" });
}

/** The spec with the sizes that were asked for, which is what an error has to show. */
function resized({ spec, options }: LoadPlan): ObjectSpec {
	const maps = Object.entries(spec.maps).map(([name, map]) => {
		const maxEntries = options.maps?.[name]?.maxEntries ?? map.maxEntries;
		return [name, { ...map, maxEntries }] as const;
	});
	return { ...spec, maps: Object.fromEntries(maps) };
}

/** `statistics`: logs of their own for the programs whose counts are asked for. */
function tryLoad(plan: LoadPlan, log: Buffer, statistics: StatisticsLogs = new Map()): Loaded | LoadOutcome {
	const calls = objectCalls();
	const lines: string[] = [];
	return captureLog(lines, () => {
		const object = calls.open(plan.spec.bytes, plan.spec.name);
		if (object === null) return { errno: lastErrno(), lines, verifierLog: "" };
		try {
			prepareMaps(plan, object);
			preparePrograms(plan, object, log);
			prepareStatistics(object, statistics);
			const status = calls.load(object);
			if (status === 0) return takeDescriptors(plan, object, statistics);
			const end = log.indexOf(0);
			return { errno: -status, lines, verifierLog: log.toString("utf8", 0, end < 0 ? log.length : end) };
		} finally {
			calls.close(object);
		}
	});
}

function prepareMaps(plan: LoadPlan, object: Pointer): void {
	const calls = objectCalls();
	for (const name of Object.keys(plan.spec.maps)) {
		const map = calls.findMap(object, name);
		if (map === null) continue;
		const step = (status: number) => check(status, { operation: "prepare", object: `map ${name}` });
		step(calls.setPinPath(map, null));
		const contents = plan.sections.get(name);
		if (contents !== undefined) step(calls.setInitialValue(map, contents, contents.length));
		const maxEntries = plan.options.maps?.[name]?.maxEntries;
		if (maxEntries !== undefined) step(calls.setMaxEntries(map, maxEntries));
		const reused = plan.reused.get(name);
		if (reused !== undefined) step(calls.reuse(map, reused.map.fd));
	}
}

function preparePrograms(plan: LoadPlan, object: Pointer, log: Buffer): void {
	const calls = objectCalls();
	for (const program of Object.values(plan.spec.programs)) {
		const pointer = calls.findProgram(object, program.name);
		if (pointer === null) continue;
		const step = (status: number) =>
			check(status, { operation: "prepare", object: `program ${program.name}` });
		step(calls.setAutoload(pointer, isWanted(plan, program)));
		step(calls.setLog(pointer, log, log.length));
		// Section names that this libbpf is too old for, such as tcx/ingress.
		if (calls.programType(pointer) === 0 && program.type !== "unspec") {
			step(calls.setProgramType(pointer, programTypeNumber(program.type)));
			if (program.attachType !== undefined)
				step(calls.setAttachType(pointer, attachTypeNumber(program.attachType)));
		}
	}
}

/** Logs of the verifier's counts, by program. */
type StatisticsLogs = ReadonlyMap<string, Buffer>;

function prepareStatistics(object: Pointer, statistics: StatisticsLogs): void {
	const calls = objectCalls();
	for (const [name, log] of statistics) {
		const pointer = calls.findProgram(object, name);
		if (pointer === null) continue;
		const step = (status: number) => check(status, { operation: "prepare", object: `program ${name}` });
		step(calls.setLog(pointer, log, log.length));
		step(calls.setLogLevel(pointer, statisticsLogLevel));
	}
}

const isWanted = (plan: LoadPlan, program: ProgramSpec): boolean =>
	plan.options.programs?.[program.name]?.load ?? program.autoload;

function takeDescriptors(plan: LoadPlan, object: Pointer, logs: StatisticsLogs): Loaded {
	const calls = objectCalls();
	const loaded: Loaded = { programs: new Map(), maps: new Map() };
	try {
		for (const { name, attachType } of Object.values(plan.spec.programs).filter((each) =>
			isWanted(plan, each),
		)) {
			const pointer = calls.findProgram(object, name);
			if (pointer === null) continue;
			const log = logs.get(name);
			const statistics = log === undefined ? undefined : readStatistics(log);
			const fd = duplicate(calls.programFd(pointer), name);
			loaded.programs.set(name, new Program(fd, { name, attachType, statistics }));
		}
		for (const name of Object.keys(plan.spec.maps)) {
			const map = calls.findMap(object, name);
			if (map !== null) loaded.maps.set(name, new BpfMap(duplicate(calls.mapFd(map), name), name));
		}
	} catch (error) {
		closeAll(loaded);
		throw error;
	}
	return loaded;
}

function duplicate(fd: number, name: string): number {
	return check(duplicateDescriptor(fd), { operation: "keep a descriptor of", object: name });
}

function check(status: number, attempt: { operation: string; object: string }): number {
	if (status < 0) throw failure(attempt, -status);
	return status;
}

function pinNewMaps(plan: LoadPlan, loaded: Loaded): Loaded {
	const pinned: string[] = [];
	try {
		for (const [name, path] of plan.pinPaths) {
			if (plan.reused.get(name)?.owned) continue;
			loaded.maps.get(name)?.pin(path);
			pinned.push(path);
		}
	} catch (error) {
		for (const path of pinned) unpin(path);
		closeAll(loaded);
		throw error;
	}
	return loaded;
}

function closeAll(loaded: Loaded): void {
	for (const each of [...loaded.programs.values(), ...loaded.maps.values()]) each.close();
}
