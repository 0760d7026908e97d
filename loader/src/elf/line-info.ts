import { type ElfObject, text, viewOf } from "./elf.ts";

/** One record of `.BTF.ext`: the C source of an instruction. */
export interface SourceLine {
	/** ELF section of the instruction. */
	readonly section: string;
	/** Offset of the instruction in its section, in bytes. */
	readonly offset: number;
	readonly file: string;
	/** Line number, from 1. */
	readonly line: number;
	/** The line itself, trimmed. */
	readonly source: string;
}

const btfMagic = 0xeb9f;

/** Every source line that `.BTF.ext` holds, in the order of the file; none for an object without it. */
export function readSourceLines(elf: ElfObject): SourceLine[] {
	const extension = elf.sections.find((section) => section.name === ".BTF.ext")?.data;
	const btf = elf.sections.find((section) => section.name === ".BTF")?.data;
	if (extension === undefined || btf === undefined || extension.length < 24 || btf.length < 24) return [];
	try {
		return readRecords(viewOf(extension), btfStrings(btf));
	} catch (error) {
		// Line info only serves messages: damaged, it must not hide the error that is being explained.
		if (error instanceof RangeError) return [];
		throw error;
	}
}

function btfStrings(btf: Uint8Array): Uint8Array {
	const view = viewOf(btf);
	const start = view.getUint32(4, true) + view.getUint32(16, true);
	return btf.subarray(start, start + view.getUint32(20, true));
}

function readRecords(view: DataView, strings: Uint8Array): SourceLine[] {
	if (view.getUint16(0, true) !== btfMagic) return [];
	const start = view.getUint32(4, true) + view.getUint32(16, true);
	const end = start + view.getUint32(20, true);
	const recordSize = view.getUint32(start, true);
	const lines: SourceLine[] = [];
	for (let at = start + 4; recordSize >= 16 && at + 8 <= end; ) {
		const section = text(strings, view.getUint32(at, true));
		const count = view.getUint32(at + 4, true);
		at += 8;
		for (let record = 0; record < count; record++, at += recordSize) {
			lines.push({
				section,
				offset: view.getUint32(at, true),
				file: text(strings, view.getUint32(at + 4, true)),
				line: view.getUint32(at + 12, true) >>> 10,
				source: text(strings, view.getUint32(at + 8, true)).trim(),
			});
		}
	}
	return lines;
}
