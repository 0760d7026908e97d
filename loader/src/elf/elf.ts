import { BpfError } from "../errors.ts";

/** One section of an object file. */
export interface ElfSection {
	readonly name: string;
	readonly index: number;
	/** Holds instructions (`SHF_EXECINSTR`). */
	readonly executable: boolean;
	/** Takes memory in the running program (`SHF_ALLOC`). */
	readonly allocated: boolean;
	/** Bytes, also for `.bss`, which has no data in the file. */
	readonly size: number;
	/** Bytes in the file; empty for `.bss`. */
	readonly data: Uint8Array;
}

/** One named symbol of an object file. */
export interface ElfSymbol {
	readonly name: string;
	readonly kind: "function" | "object" | "other";
	readonly local: boolean;
	/** Index of its section; 0: defined elsewhere. */
	readonly section: number;
	/** Offset in its section, in bytes. */
	readonly offset: number;
	/** Bytes. */
	readonly size: number;
}

/** What a BPF object file is made of. */
export interface ElfObject {
	readonly sections: readonly ElfSection[];
	readonly symbols: readonly ElfSymbol[];
}

const headerSize = 64;
const sectionHeaderSize = 64;
const symbolSize = 24;
const machineBpf = 247;
const typeRelocatable = 1;
const sectionSymbols = 2;
const sectionNoBits = 8;
const symbolKinds: Readonly<Record<number, ElfSymbol["kind"]>> = { 1: "object", 2: "function" };

/** Names for the machines that people compile for by mistake. */
const machineNames: Readonly<Record<number, string>> = {
	3: "x86",
	22: "s390",
	40: "arm",
	62: "x86-64",
	183: "aarch64",
	243: "RISC-V",
	258: "LoongArch",
};

/**
 * Reads the section and symbol tables of a BPF object file. Throws BpfError: `OBJECT_EMPTY`, `OBJECT_NOT_ELF`,
 * `OBJECT_WRONG_MACHINE` or `OBJECT_TRUNCATED`; `object` names the file in their messages.
 */
export function readElf(bytes: Uint8Array, object: string): ElfObject {
	checkHeader(bytes, object);
	try {
		return readTables(bytes);
	} catch (cause) {
		// DataView and the slices below throw RangeError for whatever points behind the end of the file.
		if (!(cause instanceof RangeError)) throw cause;
		throw refuse(object, "OBJECT_TRUNCATED", "is cut short or damaged: a table points outside the file", {
			hint: "compile or copy it again",
			cause,
		});
	}
}

function checkHeader(bytes: Uint8Array, object: string): void {
	if (bytes.length === 0) {
		throw refuse(object, "OBJECT_EMPTY", "is empty", { hint: "compile it again" });
	}
	if (bytes.length < 4 || bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46) {
		throw refuse(object, "OBJECT_NOT_ELF", "is not an ELF file", {
			hint: "compile it with clang -O2 -g -target bpf -c",
		});
	}
	if (bytes.length < headerSize) {
		throw refuse(object, "OBJECT_TRUNCATED", `ends after ${bytes.length} bytes, inside the ELF header`, {
			hint: "compile or copy it again",
		});
	}
	checkTarget(bytes, object);
}

function checkTarget(bytes: Uint8Array, object: string): void {
	const bits64 = bytes[4] === 2;
	const little = bytes[5] === 1;
	const view = viewOf(bytes);
	const machine = view.getUint16(18, little);
	const hint = "compile it with clang -O2 -g -target bpf -c";
	if (machine !== machineBpf) {
		const name = machineNames[machine] ?? `machine ${machine}`;
		throw refuse(object, "OBJECT_WRONG_MACHINE", `is compiled for ${name}, not for BPF`, { hint });
	}
	if (!bits64 || !little) {
		throw refuse(object, "OBJECT_WRONG_MACHINE", "is not a little-endian 64-bit BPF object", { hint });
	}
	if (view.getUint16(16, little) !== typeRelocatable) {
		throw refuse(object, "OBJECT_WRONG_MACHINE", "is linked; a relocatable object is needed", { hint });
	}
}

function readTables(bytes: Uint8Array): ElfObject {
	const view = viewOf(bytes);
	const headersAt = number64(view, 40);
	const count = view.getUint16(60, true);
	const nameSection = view.getUint16(62, true);
	const raw = Array.from({ length: count }, (_, index) =>
		readSectionHeader(view, headersAt + index * sectionHeaderSize),
	);
	if (raw.length === 0) throw new RangeError("no section headers");
	const names = contents(bytes, raw[nameSection]);
	const sections = raw.map((header, index) => ({
		name: text(names, header.name),
		index,
		executable: (header.flags & 4) !== 0,
		allocated: (header.flags & 2) !== 0,
		size: header.size,
		data: contents(bytes, header),
	}));
	const symbolHeader = raw.find((header) => header.type === sectionSymbols);
	if (symbolHeader === undefined) return { sections, symbols: [] };
	const symbolNames = contents(bytes, raw[symbolHeader.link]);
	return { sections, symbols: readSymbols(contents(bytes, symbolHeader), symbolNames) };
}

interface SectionHeader {
	name: number;
	type: number;
	flags: number;
	offset: number;
	size: number;
	link: number;
}

function readSectionHeader(view: DataView, at: number): SectionHeader {
	return {
		name: view.getUint32(at, true),
		type: view.getUint32(at + 4, true),
		flags: view.getUint32(at + 8, true),
		offset: number64(view, at + 24),
		size: number64(view, at + 32),
		link: view.getUint32(at + 40, true),
	};
}

function readSymbols(table: Uint8Array, names: Uint8Array): ElfSymbol[] {
	const view = viewOf(table);
	const symbols: ElfSymbol[] = [];
	for (let at = 0; at + symbolSize <= table.length; at += symbolSize) {
		const info = view.getUint8(at + 4);
		const name = text(names, view.getUint32(at, true));
		if (name === "") continue;
		symbols.push({
			name,
			kind: symbolKinds[info & 15] ?? "other",
			local: info >> 4 === 0,
			section: view.getUint16(at + 6, true),
			offset: number64(view, at + 8),
			size: number64(view, at + 16),
		});
	}
	return symbols;
}

function contents(bytes: Uint8Array, header: SectionHeader | undefined): Uint8Array {
	if (header === undefined) throw new RangeError("no such section");
	if (header.type === sectionNoBits || header.type === 0) return new Uint8Array(0);
	if (header.offset + header.size > bytes.length) throw new RangeError("section behind the end");
	return bytes.subarray(header.offset, header.offset + header.size);
}

function number64(view: DataView, at: number): number {
	const value = view.getBigUint64(at, true);
	if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError("offset behind the end");
	return Number(value);
}

/** The NUL-terminated string at an offset of a string table, or of any section. */
export function text(table: Uint8Array, at: number): string {
	if (at > table.length) throw new RangeError("name behind the end");
	const end = table.indexOf(0, at);
	return Buffer.from(table.subarray(at, end === -1 ? table.length : end)).toString("utf8");
}

/** A DataView over exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function refuse(
	object: string,
	code: string,
	why: string,
	facts: { hint: string; cause?: unknown },
): BpfError {
	return new BpfError(`${object} ${why}: ${facts.hint}`, { code, operation: "open", object, ...facts });
}
