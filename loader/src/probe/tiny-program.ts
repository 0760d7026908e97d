import { Errno } from "../errno.ts";
import { failure } from "../failure.ts";
import { closeDescriptor } from "../ffi/descriptor.ts";
import { programCalls } from "../ffi/program.ts";
import { type AttachType, attachTypeNumber, type ProgramType, programTypeNumber } from "../kernel-names.ts";
import { capabilitiesFor } from "../permission.ts";

/** A program of a few instructions, to see what the kernel says to it. */
export interface TinyProgram {
	type: ProgramType;
	attachType?: AttachType | undefined;
	/** Type of the kernel's BTF that it is for; 1 is none that a program can be for, and the log says so. */
	targetTypeId?: number;
	/** Number of a helper that it calls before it returns. */
	helper?: number;
}

/** What the kernel said: a descriptor or -errno, and the verifier's log. */
export interface TinyAnswer {
	fd: number;
	log: string;
}

const logSize = 8192;

/**
 * Loads a tiny program and hands the kernel's answer to `use`; the program is gone afterwards. Throws PermissionError
 * where the kernel refuses this process rather than the program: that is no answer.
 */
export function withTinyProgram<Result>(program: TinyProgram, use: (answer: TinyAnswer) => Result): Result {
	const instructions = [
		...(program.helper === undefined ? [] : [instruction(0x85, program.helper)]), // call helper
		instruction(0xb7, 1), // r0 = 1, which every hook takes as "go on"
		instruction(0x95, 0), // exit
	];
	const log = Buffer.alloc(logSize);
	const fd = programCalls().load(
		programTypeNumber(program.type),
		null,
		"GPL",
		Buffer.concat(instructions),
		instructions.length,
		{
			attempts: 1,
			expected_attach_type: program.attachType === undefined ? 0 : attachTypeNumber(program.attachType),
			attach_btf_id: program.targetTypeId ?? 0,
			log_level: 1,
			log_size: logSize,
			log_buf: log,
		},
	);
	try {
		const text = log.toString("utf8", 0, Math.max(0, log.indexOf(0)));
		if (-fd === Errno.EPERM && text === "") throw refused(program.type);
		return use({ fd, log: text });
	} finally {
		if (fd >= 0) closeDescriptor(fd);
	}
}

function refused(type: ProgramType): Error {
	return failure(
		{ operation: "probe", object: `program type ${type}`, needs: capabilitiesFor(type) },
		Errno.EPERM,
	);
}

function instruction(opcode: number, immediate: number): Buffer {
	const bytes = Buffer.alloc(8);
	bytes.writeUInt8(opcode, 0);
	bytes.writeInt32LE(immediate, 4);
	return bytes;
}
