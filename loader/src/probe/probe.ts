import { existsSync } from "node:fs";
import { Errno } from "../errno.ts";
import { BpfError } from "../errors.ts";
import { failure } from "../failure.ts";
import { closeDescriptor } from "../ffi/descriptor.ts";
import { linkCalls } from "../ffi/link.ts";
import { mapFunctions } from "../ffi/map.ts";
import { programCalls } from "../ffi/program.ts";
import {
	type AttachType,
	attachTypeNumber,
	type MapType,
	mapTypeNumber,
	type ProgramType,
} from "../kernel-names.ts";
import { attachPrograms, type ProbedAttachType } from "./attach-programs.ts";
import { type HelperName, helperNumber } from "./helper-names.ts";
import { type TinyAnswer, withTinyProgram } from "./tiny-program.ts";

/** Which helper, called from where. */
export interface HelperQuestion {
	programType: ProgramType;
	helper: HelperName | number;
	/** For helpers that only some hooks of a program type have, as `set_retval` at `cgroup_inet4_connect`. */
	attachType?: AttachType;
}

/**
 * What the running kernel can do, found by trying, not from its version. Each answer is looked for once a process.
 * All throw PermissionError where this process may not try, and BpfError `PROBE_UNANSWERABLE` where trying cannot tell.
 */
export interface Probe {
	programType(type: ProgramType): boolean;
	mapType(type: MapType): boolean;
	helper(question: HelperQuestion): boolean;
	/** Attaches nothing: the kernel is offered a target that does not exist, and says what it dislikes first. */
	attachType(type: ProbedAttachType): boolean;
	/** tcx links; mainline has them from 6.6. */
	tcx(): boolean;
	/** Links to cgroups; mainline has them from 5.7. */
	cgroupLinks(): boolean;
	/** Links to socket maps; mainline has them from 6.10. */
	sockMapLinks(): boolean;
	/** Reading and writing many entries in one call; mainline has it from 5.6 for hash and array. */
	batchOperations(type: BatchMapType): boolean;
	/** Ring buffer maps; mainline has them from 5.8. */
	ringBuffer(): boolean;
	/** Type information of the kernel itself, at /sys/kernel/btf/vmlinux. */
	kernelBtf(): boolean;
}

/** Map types whose batch operations can be probed. */
export type BatchMapType = "hash" | "lru_hash" | "array" | "percpu_hash" | "percpu_array" | "lpm_trie";

/** The answers of the running kernel; the same object at every call. */
export function probe(): Probe {
	return kernel;
}

const answers = new Map<string, boolean>();

function once(question: string, ask: () => boolean): boolean {
	const known = answers.get(question);
	if (known !== undefined) return known;
	const answer = ask();
	answers.set(question, answer);
	return answer;
}

const kernel: Probe = {
	programType: (type) => once(`program ${type}`, () => askProgramType(type)),
	mapType: (type) => once(`map ${type}`, () => askMapType(type)),
	helper: (question) =>
		once(`helper ${JSON.stringify([question.programType, question.helper, question.attachType])}`, () =>
			askHelper(question),
		),
	attachType: (type) => once(`attach ${type}`, () => askAttachType(type)),
	tcx: () => kernel.attachType("tcx_ingress"),
	cgroupLinks: () => once("cgroup links", () => askLink("cgroup_inet4_connect")),
	sockMapLinks: () => once("sockmap links", () => askLink("sk_msg_verdict")),
	batchOperations: (type) => once(`batch ${type}`, () => askBatch(type)),
	ringBuffer: () => kernel.mapType("ringbuf"),
	kernelBtf: () => once("kernel BTF", () => existsSync("/sys/kernel/btf/vmlinux")),
};

/** Types that load only for a target in the kernel's BTF: a target that cannot be one makes the verifier say so. */
const btfTypes: ReadonlySet<ProgramType> = new Set(["tracing", "lsm", "ext", "struct_ops"]);
const impossibleTarget = 1;
/** Types that accept a program only at an attach type, and one that is as old as the type. */
const firstAttachTypes: Partial<Record<ProgramType, AttachType>> = {
	cgroup_sock_addr: "cgroup_inet4_connect",
	cgroup_sockopt: "cgroup_getsockopt",
	sk_lookup: "sk_lookup",
	netfilter: "netfilter",
	tracing: "trace_fentry",
	lsm: "lsm_mac",
};

function askProgramType(type: ProgramType): boolean {
	if (type === "unspec") return false;
	const targetTypeId = btfTypes.has(type) ? impossibleTarget : 0;
	return withTinyProgram({ type, attachType: firstAttachTypes[type], targetTypeId }, isKnown);
}

/** Loaded, or refused by the verifier, which comes after the kernel has accepted type and attach type. */
const isKnown = ({ fd, log }: TinyAnswer): boolean => fd >= 0 || log !== "";

function askMapType(type: MapType): boolean {
	if (type === "unspec") return false;
	mustBeAllowed();
	const answer = programCalls().probeMapType(mapTypeNumber(type), null);
	if (answer < 0) throw unanswerable(`map type ${type}`);
	return answer === 1;
}

/*
 * Not libbpf_probe_bpf_helper: version 1.1 looks for words that kernels since 6.8 no longer say, and so finds every
 * helper in every program type.
 */
const noSuchHelper = /unknown func|invalid func|program of this type cannot use helper/;

function askHelper({ programType, helper, attachType }: HelperQuestion): boolean {
	if (btfTypes.has(programType)) throw unanswerable(`helpers of program type ${programType}`);
	const number = typeof helper === "number" ? helper : helperNumber(helper);
	const program = {
		type: programType,
		attachType: attachType ?? firstAttachTypes[programType],
		helper: number,
	};
	return withTinyProgram(program, (answer) => isKnown(answer) && !noSuchHelper.test(answer.log));
}

function askAttachType(attachType: ProbedAttachType): boolean {
	return withTinyProgram({ type: attachPrograms[attachType], attachType }, (answer) => {
		if (answer.fd < 0) return isKnown(answer);
		const number = attachTypeNumber(attachType);
		return -linkCalls().attachProgram(answer.fd, nowhere, number, 0) !== Errno.EINVAL;
	});
}

/** No descriptor and no interface index: nothing can be attached there. */
const nowhere = -1;

function askLink(attachType: ProbedAttachType): boolean {
	return withTinyProgram({ type: attachPrograms[attachType], attachType }, (answer) => {
		if (answer.fd < 0) return false;
		return -linkCalls().create(answer.fd, nowhere, attachTypeNumber(attachType), 0) === Errno.EBADF;
	});
}

/** `BPF_F_NO_PREALLOC`, without which the kernel makes no LPM trie. */
const noPreallocation = 1;
/** `struct bpf_map_create_opts`, with only its flags set. */
const createOptionsSize = 48;
const createFlagsOffset = 28;

const noOptions = createOptions(0);

function createOptions(flags: number): Buffer {
	const options = Buffer.alloc(createOptionsSize);
	options.writeUInt32LE(createOptionsSize, 0);
	options.writeUInt32LE(flags, createFlagsOffset);
	return options;
}

function askBatch(type: BatchMapType): boolean {
	const options = type === "lpm_trie" ? createOptions(noPreallocation) : noOptions;
	const keySize = type === "lpm_trie" ? 8 : 4;
	const map = mapFunctions().create(mapTypeNumber(type), "probe", keySize, 8, 1, options);
	if (map < 0) {
		if (-map !== Errno.EPERM) return false;
		throw failure({ operation: "probe", object: `batches of ${type}`, needs: ["CAP_BPF"] }, Errno.EPERM);
	}
	try {
		// A batch of nothing: 0 where the kernel has batches, ENOTSUPP or EINVAL where it has not.
		const bytes = new Uint8Array(64);
		return mapFunctions().lookupBatch(map, null, bytes, bytes, bytes, Uint32Array.of(0), null) === 0;
	} finally {
		closeDescriptor(map);
	}
}

/** libbpf's own probe says "no" to a process that may not ask; an array map, which every kernel has, tells. */
function mustBeAllowed(): void {
	const map = mapFunctions().create(mapTypeNumber("array"), "probe", 4, 8, 1, noOptions);
	if (map < 0) throw failure({ operation: "probe", object: "map types", needs: ["CAP_BPF"] }, -map);
	closeDescriptor(map);
}

function unanswerable(object: string): BpfError {
	return new BpfError(`cannot probe ${object}: loading a small program does not tell`, {
		code: "PROBE_UNANSWERABLE",
		operation: "probe",
		object,
	});
}
