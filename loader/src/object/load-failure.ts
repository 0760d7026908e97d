import { Errno, errnoName } from "../errno.ts";
import { BpfError, MapError, UnsupportedError } from "../errors.ts";
import { failure } from "../failure.ts";
import { firstKernelOf, whoHas } from "../first-kernels.ts";
import { type Capability, capabilitiesFor } from "../permission.ts";
import { isProbed } from "../probe/attach-programs.ts";
import { probe } from "../probe/probe.ts";
import type { ObjectSpec } from "../spec/object-spec.ts";
import { verifierError } from "./verifier-log.ts";

/** How a load ended that did not succeed. */
export interface LoadOutcome {
	errno: number;
	/** libbpf's warnings. */
	lines: readonly string[];
	/** What the verifier wrote for the program that failed. */
	verifierLog: string;
}

/** Turns libbpf's errno and words into the one error that names what is wrong. */
export function loadFailure(spec: ObjectSpec, outcome: LoadOutcome): BpfError {
	const program = firstMatch(outcome.lines, /^prog '([^']+)': (?:BPF program load failed|failed to load)/);
	const map = firstMatch(outcome.lines, /^map '([^']+)': failed to create/);
	if (program !== undefined && outcome.verifierLog.trim() !== "") {
		return verifierError(spec, program, outcome.verifierLog, outcome.errno);
	}
	if (map !== undefined) return mapFailure(spec, map, outcome);
	if (program !== undefined) return programFailure(spec, program, outcome);
	if (outcome.errno === Errno.EPERM) return refused(`object ${spec.name}`, ["CAP_BPF"], outcome);
	if (outcome.lines.some((line) => /kernel BTF|vmlinux BTF/i.test(line))) {
		return unsupported(`object ${spec.name}`, { feature: "kernel BTF (CONFIG_DEBUG_INFO_BTF)" }, outcome);
	}
	const object = `object ${spec.name}`;
	const attempt = { operation: "load", object, needs: ["CAP_BPF"], log: outcome.lines } as const;
	return failure(attempt, outcome.errno);
}

function programFailure(spec: ObjectSpec, name: string, outcome: LoadOutcome): BpfError {
	const { type, attachType, section } = spec.programs[name] ?? {
		type: "unspec",
		attachType: undefined,
		section: "",
	};
	const object = `program ${name}`;
	if (outcome.errno === Errno.EPERM) return refused(object, capabilitiesFor(type), outcome);
	if (type === "unspec") {
		const message = `cannot load ${object}: its section name ${section} means nothing: name it as in SEC("xdp")`;
		return new BpfError(message, {
			code: "PROGRAM_TYPE_UNKNOWN",
			operation: "load",
			object,
			errno: outcome.errno,
		});
	}
	if (lacks(() => probe().programType(type)))
		return unsupported(object, { feature: `program type ${type}` }, outcome);
	if (attachType !== undefined && isProbed(attachType) && lacks(() => probe().attachType(attachType))) {
		return unsupported(object, { feature: `attach type ${attachType}` }, outcome);
	}
	return failure(
		{ operation: "load", object, needs: capabilitiesFor(type), log: outcome.lines },
		outcome.errno,
	);
}

function mapFailure(spec: ObjectSpec, libbpfName: string, outcome: LoadOutcome): BpfError {
	const map = spec.maps[libbpfName];
	const name = map?.name ?? libbpfName;
	const object = `map ${name}`;
	if (outcome.errno === Errno.EPERM) return refused(object, ["CAP_BPF"], outcome);
	if (map !== undefined && outcome.errno === Errno.EINVAL && lacks(() => probe().mapType(map.type))) {
		return unsupported(object, { feature: `map type ${map.type}` }, outcome);
	}
	const why =
		outcome.errno === Errno.ENOMEM || outcome.errno === Errno.E2BIG
			? "the kernel has no room for that many entries"
			: `the kernel refuses it with ${errnoName(outcome.errno)}`;
	const sizes =
		map === undefined
			? ""
			: ` (${map.type}, key ${map.keySize} bytes, value ${map.valueSize} bytes, ${map.maxEntries} entries)`;
	return new MapError(`cannot create ${object}${sizes}: ${why}`, {
		code: "MAP_CREATE",
		operation: "create",
		object,
		errno: outcome.errno,
		map: name,
	});
}

function refused(object: string, needs: readonly Capability[], outcome: LoadOutcome): BpfError {
	return failure({ operation: "load", object, needs, log: outcome.lines }, outcome.errno);
}

function unsupported(
	object: string,
	{ feature }: { feature: string },
	outcome: LoadOutcome,
): UnsupportedError {
	return new UnsupportedError(
		`cannot load ${object}: this kernel does not have ${feature}${whoHas(feature)}`,
		{
			code: "UNSUPPORTED",
			operation: "load",
			object,
			errno: outcome.errno,
			feature,
			firstKernel: firstKernelOf(feature),
		},
	);
}

/** A probe that cannot answer must not hide the error that is being explained. */
function lacks(ask: () => boolean): boolean {
	try {
		return !ask();
	} catch {
		return false;
	}
}

function firstMatch(lines: readonly string[], pattern: RegExp): string | undefined {
	for (const line of lines) {
		const found = pattern.exec(line)?.[1];
		if (found !== undefined) return found;
	}
	return undefined;
}
