import { basename } from "node:path";
import { readElf } from "../elf/elf.ts";
import { readSourceLines, type SourceLine } from "../elf/line-info.ts";
import { VerifierError } from "../errors.ts";
import type { ObjectSpec, ProgramSpec } from "../spec/object-spec.ts";

/** What the verifier's log says of the instruction that it refused. */
interface Verdict {
	/** Last line that says why. */
	reason: string;
	/** The instruction, as in `5: (79) r1 = *(u64 *)(r1 +0)`. */
	instruction: string | undefined;
	/** Its number, counted over the program and the functions joined to it. */
	index: number | undefined;
	/** Text of the C line it belongs to. */
	source: string | undefined;
	file: string | undefined;
	line: number | undefined;
}

/** The error for a program that the verifier refused; `log` is the kernel's, with its source comments. */
export function verifierError(spec: ObjectSpec, name: string, log: string, errno: number): VerifierError {
	const lines = log.split("\n").filter((line) => line !== "");
	const verdict = withLocation(spec, spec.programs[name], readVerdict(lines));
	const place = verdict.file === undefined ? "" : ` at ${verdict.file}:${verdict.line}`;
	const source = verdict.source === undefined ? "" : ` (${shorten(verdict.source)})`;
	// "R1 invalid mem access" says little without the instruction that uses R1.
	const instruction =
		/\bR\d/.test(verdict.reason) && verdict.instruction !== undefined ? ` [${verdict.instruction}]` : "";
	const message = `the verifier refuses program ${name}${place}${source}: ${verdict.reason.trim()}${instruction}`;
	return new VerifierError(message, {
		code: "VERIFIER",
		operation: "load",
		object: `program ${name}`,
		errno,
		hint: "the field `log` has every line",
		program: name,
		log: lines,
		file: verdict.file,
		line: verdict.line,
	});
}

const sourceLimit = 80;
const shorten = (text: string): string =>
	text.length > sourceLimit ? `${text.slice(0, sourceLimit)}…` : text;

const statistics =
	/^(processed \d+ insns|verification time|stack depth|max_states|mark_precise|peak_states|libbpf:|-- (BEGIN|END))/;
const instructionLine = /^\s*(\d+): \(([0-9a-f]{2})\) /;
/** From 6.8 on the comment ends in ` @ file.c:12`; before, it is the text alone. clang gives line 0 where it has none. */
const sourceComment = /^; (.*?)(?: @ ([^@]+):(\d+))?$/;
const emptyComment = /^; .* @ [^@]+:0$/;
/** Dumps of registers and states, and marks of the verifier's way: true, but no reason. */
const stateLine = /^\s*(\d+: (R\d|frame\d|safe$|\w*$)|from \d+ to \d+|frame\d| R\d|(cur|old) state:)/;
const markLine = /^(last_idx|regs=|parent |func#|returning from|caller:|callee:)/;

function readVerdict(lines: readonly string[]): Verdict {
	const meaningful = lines.filter(
		(line) => !statistics.test(line) && !sourceComment.test(line) && line.trim() !== "",
	);
	const reasons = meaningful.filter(
		(line) => !stateLine.test(line) && !markLine.test(line) && !instructionLine.test(line),
	);
	const at = lines.findLastIndex((line) => instructionLine.test(line));
	const instruction = lines[at]?.replace(/\s*;.*$/, "").trim();
	const index = instruction === undefined ? undefined : Number(instructionLine.exec(instruction)?.[1]);
	const comment = lines
		.slice(0, Math.max(0, at))
		.findLast((line) => sourceComment.test(line) && !emptyComment.test(line));
	const [, source = "", file, line] = sourceComment.exec(comment ?? "") ?? [];
	return {
		reason: joinReasons(reasons) ?? meaningful.at(-1) ?? "it gives no reason",
		instruction,
		index,
		// Empty where clang could not read the C file any more.
		source: source.trim() === "" ? undefined : source.trim(),
		file,
		line: line === undefined ? undefined : Number(line),
	};
}

/** The last line; with the one before where it starts with a register: "R1 offset is outside of the packet". */
function joinReasons(reasons: readonly string[]): string | undefined {
	const last = reasons.at(-1)?.trim();
	const before = reasons.at(-2)?.trim();
	return last !== undefined && before !== undefined && /^R\d/.test(last) ? `${before}: ${last}` : last;
}

/**
 * Kernels that print only the text of the C line leave file and number to `.BTF.ext`. The file is given without its
 * path, as newer kernels print it.
 */
function withLocation(spec: ObjectSpec, program: ProgramSpec | undefined, verdict: Verdict): Verdict {
	if (verdict.file !== undefined || program === undefined) return verdict;
	const records = readSourceLines(readElf(spec.bytes, spec.name));
	const own = ownRecord(records, program, verdict.index);
	const sameText = records.find((record) => record.source === verdict.source);
	const found = verdict.source === undefined || own?.source === verdict.source ? own : (sameText ?? own);
	if (found === undefined) return verdict;
	return { ...verdict, source: verdict.source ?? found.source, file: basename(found.file), line: found.line };
}

/** The record of an instruction of the program's own; functions that it calls come behind and have none here. */
function ownRecord(
	records: readonly SourceLine[],
	program: ProgramSpec,
	index: number | undefined,
): SourceLine | undefined {
	if (index === undefined || index >= program.instructionCount) return undefined;
	const section = program.autoload ? program.section : `?${program.section}`;
	const offset = program.offset + index * 8;
	return records.findLast(
		(record) => record.section === section && record.offset <= offset && record.offset >= program.offset,
	);
}
