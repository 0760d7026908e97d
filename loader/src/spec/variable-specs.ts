import type { Btf } from "../btf/types.ts";
import type { ElfObject, ElfSection } from "../elf/elf.ts";
import { resolveType, sizeOfType } from "./btf-type.ts";
import { isDataSection } from "./map-specs.ts";
import type { VariableFormat, VariableSpec } from "./object-spec.ts";

/** Every global variable of `.rodata`, `.data` and `.bss` that BTF describes. */
export function readVariableSpecs(elf: ElfObject, btf: Btf): VariableSpec[] {
	return btf.types.flatMap((type) => {
		if (type.kind !== "section" || !isDataSection(type.name)) return [];
		const section = elf.sections.find((candidate) => candidate.name === type.name);
		if (section === undefined) return [];
		return type.variables.flatMap(({ type: id }) => readVariable(elf, btf, section, id) ?? []);
	});
}

function readVariable(elf: ElfObject, btf: Btf, section: ElfSection, id: number): VariableSpec | undefined {
	const variable = btf.types[id];
	if (variable?.kind !== "variable") return undefined;
	// clang leaves the offsets in BTF at zero for the linker to fill in; the symbol table has them.
	const symbol = elf.symbols.find(
		({ name, section: index }) => name === variable.name && index === section.index,
	);
	if (symbol === undefined) return undefined;
	const size = symbol.size === 0 ? sizeOfType(btf, variable.type) : symbol.size;
	const initial = new Uint8Array(size);
	initial.set(section.data.subarray(symbol.offset, symbol.offset + size));
	return {
		name: variable.name,
		section: section.name,
		constant: section.name.startsWith(".rodata"),
		offset: symbol.offset,
		size,
		typeId: variable.type,
		...formatOf(btf, variable.type),
		initial,
	};
}

function formatOf(btf: Btf, id: number): { format: VariableFormat; bigEndian: boolean } {
	const { type, bigEndian } = resolveType(btf, id);
	if (type.kind === "int" && type.size <= 8) {
		if (type.bool) return { format: "boolean", bigEndian };
		return { format: type.signed ? "signed" : "unsigned", bigEndian };
	}
	if (type.kind === "enum") return { format: type.signed ? "signed" : "unsigned", bigEndian };
	if (type.kind === "float" && (type.size === 4 || type.size === 8)) return { format: "float", bigEndian };
	return { format: "bytes", bigEndian };
}
