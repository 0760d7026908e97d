import { Errno } from "../errno.ts";
import { BpfError } from "../errors.ts";
import { failure } from "../failure.ts";
import { closeDescriptor } from "../ffi/descriptor.ts";
import { addressOf } from "../ffi/memory.ts";
import { programCalls } from "../ffi/program.ts";
import { type AttachType, type ProgramType, programTypeName } from "../kernel-names.ts";
import { openPin, pinDescriptor } from "../pin.ts";
import { readInfo, readName } from "./info.ts";
import { type TestRun, type TestRunResult, testRun } from "./test-run.ts";
import type { VerifierStatistics } from "./verifier-statistics.ts";

/** What the kernel says of a program. Run time and count grow only while `kernel.bpf_stats_enabled` is 1. */
export interface ProgramInfo {
	/** Number of the program in this boot, as `bpftool prog` shows it. */
	readonly id: number;
	/** At most 15 characters: the kernel keeps no more. */
	readonly name: string;
	readonly type: ProgramType;
	/** Hash of the instructions, 16 hexadecimal digits. */
	readonly tag: string;
	/** Bytes of machine code; 0 without a JIT. */
	readonly jitedSize: number;
	/** Bytes of BPF instructions after the verifier's rewriting. */
	readonly translatedSize: number;
	/** When it was loaded, in nanoseconds since boot. */
	readonly loadedNs: bigint;
	/** User that loaded it. */
	readonly userId: number;
	/** Numbers of the maps it uses. */
	readonly mapIds: readonly number[];
	/** Number of its BTF; 0: none. */
	readonly btfId: number;
	/** Time spent in it, in nanoseconds. */
	readonly runTimeNs: bigint;
	readonly runCount: bigint;
	/** Instructions that the verifier walked through; 0 before kernel 5.16, where only `statistics` has them. */
	readonly verifiedInstructions: number;
}

/** What whoever loaded a program knows of it, and the kernel does not say. */
export interface KnownOfProgram {
	name?: string;
	attachType?: AttachType | undefined;
	statistics?: VerifierStatistics | undefined;
}

/** A program in the kernel. Owns its descriptor: lives until that is closed and nothing else (pin, link) holds it. */
export class Program {
	/** Name in the C source, or the kernel's 15 characters of it where the program was opened by pin. */
	readonly name: string;
	readonly type: ProgramType;
	/** Where it is meant to go; undefined for types without, and for pinned programs: the kernel does not say. */
	readonly attachType: AttachType | undefined;
	/** What the verifier counted while it loaded, where `LoadProgramOptions.statistics` asked for that. */
	readonly statistics: VerifierStatistics | undefined;
	#fd: number;

	/** Takes over `fd`, which must be of a program. */
	constructor(fd: number, known: KnownOfProgram = {}) {
		this.#fd = fd;
		const info = readProgramInfo(fd);
		this.name = known.name ?? info.name;
		this.type = info.type;
		this.attachType = known.attachType;
		this.statistics = known.statistics;
	}

	/** Throws BpfError `CLOSED` after `close()`. */
	get fd(): number {
		if (this.#fd >= 0) return this.#fd;
		throw new BpfError(`program ${this.name} is closed`, {
			code: "CLOSED",
			operation: "use",
			object: this.name,
		});
	}

	/** Asks the kernel. */
	info(): ProgramInfo {
		return readProgramInfo(this.fd);
	}

	/** Runs the program on this data and context, not on traffic. Throws BpfError `TEST_RUN`, UnsupportedError. */
	testRun(run: TestRun = {}): TestRunResult {
		return testRun(this, run);
	}

	/** Pins the program at a path of a bpffs, which then holds it too. Throws BpfError `PIN_…`. */
	pin(path: string): void {
		pinDescriptor(this.fd, `program ${this.name}`, path);
	}

	/** Closes the descriptor; links keep the program. A second time is no error. */
	close(): void {
		if (this.#fd >= 0) closeDescriptor(this.#fd);
		this.#fd = -1;
	}

	[Symbol.dispose](): void {
		this.close();
	}
}

/** Opens a pinned program. Throws BpfError `PIN_MISSING`, `PIN_WRONG_KIND`; PermissionError. */
export function openPinnedProgram(path: string): Program {
	return new Program(openPin(path, "program"));
}

/** Opens the program with this number; undefined where there is none. Needs CAP_SYS_ADMIN. Throws PermissionError. */
export function openProgramById(id: number): Program | undefined {
	const fd = programCalls().openById(id);
	if (fd >= 0) return new Program(fd);
	if (-fd === Errno.ENOENT) return undefined;
	throw failure({ operation: "open", object: `program ${id}`, needs: ["CAP_SYS_ADMIN"] }, -fd);
}

/** `sizeof(struct bpf_prog_info)` as far as it is read. */
const infoSize = 224;
const mapCountOffset = 52;
const mapIdsOffset = 56;

function readProgramInfo(fd: number): ProgramInfo {
	// The first call counts the maps; the second hands over memory for their numbers.
	const mapIds = new Uint32Array(readInfo(fd, infoSize).view.getUint32(mapCountOffset, true));
	const { bytes, view } = readInfo(fd, infoSize, (prepared) => {
		prepared.setUint32(mapCountOffset, mapIds.length, true);
		if (mapIds.length > 0) prepared.setBigUint64(mapIdsOffset, addressOf(mapIds), true);
	});
	return {
		type: programTypeName(view.getUint32(0, true)),
		id: view.getUint32(4, true),
		tag: Buffer.from(bytes.subarray(8, 16)).toString("hex"),
		jitedSize: view.getUint32(16, true),
		translatedSize: view.getUint32(20, true),
		loadedNs: view.getBigUint64(40, true),
		userId: view.getUint32(48, true),
		mapIds: [...mapIds],
		name: readName(bytes, 64),
		btfId: view.getUint32(128, true),
		runTimeNs: view.getBigUint64(192, true),
		runCount: view.getBigUint64(200, true),
		verifiedInstructions: view.getUint32(216, true),
	};
}
