import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseBtf } from "../btf/parse.ts";
import { type ElfObject, readElf, text } from "../elf/elf.ts";
import { BpfError } from "../errors.ts";
import { readMapSpecs } from "./map-specs.ts";
import type { ObjectSpec, ProgramSpec } from "./object-spec.ts";
import { sectionMeaning } from "./section-names.ts";
import { readVariableSpecs } from "./variable-specs.ts";

const instructionSize = 8;

/**
 * Reads an object file, by path or from memory, into plain data. Needs no privileges and no libbpf. `name` is the
 * object's name, by default its file name. Throws BpfError: `OBJECT_MISSING`, `OBJECT_UNREADABLE`, `OBJECT_EMPTY`,
 * `OBJECT_NOT_ELF`, `OBJECT_WRONG_MACHINE`, `OBJECT_TRUNCATED`, `OBJECT_NO_BTF`, `OBJECT_BAD_MAP`, `BTF_CORRUPT`.
 */
export function openSpec(pathOrBytes: string | Uint8Array, options: { name?: string } = {}): ObjectSpec {
	const fromPath = typeof pathOrBytes === "string";
	const label = options.name ?? (fromPath ? pathOrBytes : "object");
	const bytes = fromPath ? readObjectFile(pathOrBytes) : new Uint8Array(pathOrBytes);
	const elf = readElf(bytes, label);
	const btf = rawBtf(elf, label);
	const types = parseBtf(btf);
	return {
		name: options.name ?? (fromPath ? basename(pathOrBytes).replace(/(\.bpf)?\.o$/, "") : "object"),
		license: readLicense(elf),
		programs: byName(readPrograms(elf)),
		maps: byName(readMapSpecs(elf, types, label)),
		variables: byName(readVariableSpecs(elf, types)),
		btf,
		bytes,
	};
}

function readObjectFile(path: string): Uint8Array {
	try {
		return new Uint8Array(readFileSync(path));
	} catch (cause) {
		const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
		const missing = code === "ENOENT";
		const why = missing
			? "no such file"
			: code === "EISDIR"
				? "it is a directory"
				: `it cannot be read (${code})`;
		throw new BpfError(`${path}: ${why}`, {
			code: missing ? "OBJECT_MISSING" : "OBJECT_UNREADABLE",
			operation: "open",
			object: path,
			hint: "give the path of a compiled BPF object file",
			cause,
		});
	}
}

function rawBtf(elf: ElfObject, object: string): Uint8Array {
	const section = elf.sections.find(({ name }) => name === ".BTF");
	if (section !== undefined && section.data.length > 0) return section.data;
	throw new BpfError(`${object} has no BTF: compile it with clang -g`, {
		code: "OBJECT_NO_BTF",
		operation: "open",
		object,
		hint: "compile it with clang -O2 -g -target bpf -c; llvm-strip -g keeps BTF, strip does not",
	});
}

function readLicense(elf: ElfObject): string {
	const section = elf.sections.find(({ name }) => name === "license");
	return section === undefined ? "" : text(section.data, 0);
}

/** Global functions in executable sections; those of `.text` are called by programs and are none themselves. */
function readPrograms(elf: ElfObject): ProgramSpec[] {
	const programs: (ProgramSpec & { order: number })[] = [];
	for (const symbol of elf.symbols) {
		const section = elf.sections[symbol.section];
		if (symbol.kind !== "function" || symbol.local || !section?.executable || section.name === ".text")
			continue;
		const name = section.name.replace(/^\?/, "");
		programs.push({
			name: symbol.name,
			section: name,
			autoload: name === section.name,
			...sectionMeaning(name),
			instructionCount: symbol.size / instructionSize,
			offset: symbol.offset,
			order: section.index,
		});
	}
	programs.sort((a, b) => a.order - b.order || a.offset - b.offset);
	return programs.map(({ order, ...program }) => program);
}

function byName<T extends { name: string }>(list: readonly T[]): Record<string, T> {
	return Object.fromEntries(list.map((each) => [each.name, each]));
}
