import type { Btf, BtfRecord, BtfType } from "../btf/types.ts";
import type { ElfObject } from "../elf/elf.ts";
import { BpfError } from "../errors.ts";
import { type MapType, mapTypeName } from "../kernel-names.ts";
import { resolveType, sizeOfType } from "./btf-type.ts";
import type { MapSpec } from "./object-spec.ts";

const readOnlyProgram = 1 << 7;
const dataSection = /^\.(rodata|data|bss)(\.|$)/;

/** True for `.rodata`, `.data`, `.bss` and their named parts: sections that become array maps of one value. */
export const isDataSection = (section: string): boolean => dataSection.test(section);

/** Every map that an object declares: those of `.maps`, and one for each section of global variables. */
export function readMapSpecs(elf: ElfObject, btf: Btf, object: string): MapSpec[] {
	return [...declaredMaps(elf, btf, object), ...dataMaps(elf, btf)];
}

function declaredMaps(elf: ElfObject, btf: Btf, object: string): MapSpec[] {
	if (elf.sections.some((section) => section.name === "maps")) {
		throw unusable(object, "maps", "declares maps the old way, in section `maps`: declare them in `.maps`");
	}
	const section = btf.types.find((type) => type.kind === "section" && type.name === ".maps");
	if (section?.kind !== "section") return [];
	return section.variables.map(({ type: id }) => {
		const variable = btf.types[id];
		if (variable?.kind !== "variable") throw unusable(object, ".maps", "has a map that is no variable");
		const { type } = resolveType(btf, variable.type);
		if (type.kind !== "struct") throw unusable(object, variable.name, "is a map, but not a struct");
		return readDefinition({ btf, object, name: variable.name }, type);
	});
}

interface Place {
	btf: Btf;
	object: string;
	name: string;
}

interface Definition {
	type: MapType;
	keySize: number;
	valueSize: number;
	maxEntries: number;
	flags: number;
	keyTypeId: number;
	valueTypeId: number;
	pinning: "none" | "by_name";
	innerMap?: MapSpec;
}

/** Reads what `__uint(…)`, `__type(…)` and `__array(…)` of bpf_helpers.h leave in BTF. */
function readDefinition(place: Place, record: BtfRecord): MapSpec {
	const definition: Definition = {
		type: "unspec",
		keySize: 0,
		valueSize: 0,
		maxEntries: 0,
		flags: 0,
		keyTypeId: 0,
		valueTypeId: 0,
		pinning: "none",
	};
	for (const member of record.members) {
		definitionFields.get(member.name)?.(definition, place, member.type);
	}
	if (definition.type === "unspec") throw unusable(place.object, place.name, "is a map without a type");
	return { name: place.name, section: ".maps", ...definition };
}

type FieldReader = (definition: Definition, place: Place, typeId: number) => void;

const fieldReaders: Readonly<Record<string, FieldReader>> = {
	type: (definition, place, id) => {
		definition.type = mapTypeName(uintOf(place, id));
	},
	max_entries: (definition, place, id) => {
		definition.maxEntries = uintOf(place, id);
	},
	map_flags: (definition, place, id) => {
		definition.flags = uintOf(place, id);
	},
	key_size: (definition, place, id) => {
		definition.keySize = uintOf(place, id);
	},
	value_size: (definition, place, id) => {
		definition.valueSize = uintOf(place, id);
	},
	key: (definition, place, id) => {
		definition.keyTypeId = pointedTo(place, id);
		definition.keySize = sizeOfType(place.btf, definition.keyTypeId);
	},
	value: (definition, place, id) => {
		definition.valueTypeId = pointedTo(place, id);
		definition.valueSize = sizeOfType(place.btf, definition.valueTypeId);
	},
	pinning: (definition, place, id) => {
		definition.pinning = uintOf(place, id) === 1 ? "by_name" : "none";
	},
	values: readValues,
};

const definitionFields: ReadonlyMap<string, FieldReader> = new Map(Object.entries(fieldReaders));

/** `__array(values, …)`: the inner map of a map of maps, or the programs of a prog_array. Both hold descriptors. */
function readValues(definition: Definition, place: Place, id: number): void {
	const array = place.btf.types[id];
	definition.valueSize = 4;
	if (array?.kind !== "array") return;
	const element = resolveType(place.btf, array.type).type;
	if (element.kind !== "pointer") return;
	const inner = resolveType(place.btf, element.type).type;
	if (inner.kind !== "struct") return;
	definition.innerMap = readDefinition({ ...place, name: `${place.name}.inner` }, inner);
}

/** `__uint(name, value)` is a pointer to an array of `value` elements. */
function uintOf(place: Place, id: number): number {
	const array = place.btf.types[pointedTo(place, id)];
	if (array?.kind !== "array")
		throw unusable(place.object, place.name, "has a map field that is no __uint()");
	return array.count;
}

function pointedTo(place: Place, id: number): number {
	const { type } = resolveType(place.btf, id);
	if (type.kind !== "pointer") throw unusable(place.object, place.name, "has a map field that is no pointer");
	return type.type;
}

function dataMaps(elf: ElfObject, btf: Btf): MapSpec[] {
	return elf.sections
		.filter((section) => section.allocated && isDataSection(section.name) && section.size > 0)
		.map((section) => ({
			name: section.name,
			section: section.name,
			type: "array",
			keySize: 4,
			valueSize: section.size,
			maxEntries: 1,
			flags: section.name.startsWith(".rodata") ? readOnlyProgram : 0,
			keyTypeId: 0,
			valueTypeId: sectionTypeId(btf, section.name),
			pinning: "none",
		}));
}

function sectionTypeId(btf: Btf, name: string): number {
	const isSection = (type: BtfType) => type.kind === "section" && type.name === name;
	return Math.max(0, btf.types.findIndex(isSection));
}

function unusable(object: string, name: string, why: string): BpfError {
	return new BpfError(`${object}: ${name} ${why}`, { code: "OBJECT_BAD_MAP", operation: "open", object });
}
