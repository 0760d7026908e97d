/** A model of C types that knows nothing of BTF or of the code under test. */
export type CType =
	| IntegerType
	| { kind: "bool" }
	| { kind: "float"; name: "float" | "double" }
	| EnumType
	| { kind: "address"; size: 4 | 16 }
	| { kind: "text"; size: number }
	| { kind: "bytes"; size: number }
	| { kind: "array"; element: CType; count: number }
	| { kind: "record"; record: CRecord };

export interface IntegerType {
	kind: "integer";
	name: string;
	bits: number;
	signed: boolean;
	bigEndian: boolean;
}

export interface EnumType {
	kind: "enum";
	tag: string;
	bits: number;
	signed: boolean;
	/** Names are `TAG_V0`, `TAG_V1`, … */
	values: readonly bigint[];
}

/** Struct or union; an anonymous one has the tag "". */
export interface CRecord {
	keyword: "struct" | "union";
	tag: string;
	packed: boolean;
	members: readonly CMember[];
}

/** A member without a name is an anonymous record. `bits` above 0 makes it a bit field. */
export interface CMember {
	name: string;
	type: CType;
	bits: number;
}

const integer = (name: string, bits: number, signed = false, bigEndian = false): IntegerType => ({
	kind: "integer",
	name,
	bits,
	signed,
	bigEndian,
});

export const integers: readonly IntegerType[] = [
	integer("__u8", 8),
	integer("__u16", 16),
	integer("__u32", 32),
	integer("__u64", 64),
	integer("__s8", 8, true),
	integer("__s16", 16, true),
	integer("__s32", 32, true),
	integer("__s64", 64, true),
	integer("char", 8, true),
	integer("unsigned long", 64),
	integer("long long", 64, true),
	integer("unsigned __int128", 128),
	integer("__int128", 128, true),
];

export const bigEndians: readonly IntegerType[] = [
	integer("__be16", 16, false, true),
	integer("__be32", 32, false, true),
	integer("__be64", 64, false, true),
];

/** The C declaration of something of this type, as in `__u8 name[4]`. */
export function declaration(type: CType, name: string): string {
	switch (type.kind) {
		case "integer":
		case "float":
			return `${type.name} ${name}`;
		case "bool":
			return `bool ${name}`;
		case "enum":
			return `enum ${type.tag} ${name}`;
		case "address":
			return `struct ${type.size === 4 ? "in_addr" : "in6_addr"} ${name}`;
		case "text":
			return `char ${name}[${type.size}]`;
		case "bytes":
			return `__u8 ${name}[${type.size}]`;
		case "array":
			return declaration(type.element, `${name}[${type.count}]`);
		case "record":
			return `${recordReference(type.record)} ${name}`;
	}
}

function recordReference(record: CRecord): string {
	return record.tag === "" ? recordBody(record) : `${record.keyword} ${record.tag}`;
}

function recordBody({ keyword, tag, packed, members }: CRecord): string {
	const lines = members.map(
		({ name, type, bits }) => `\t${declaration(type, name)}${bits > 0 ? ` : ${bits}` : ""};\n`,
	);
	return `${keyword}${packed ? " __attribute__((packed))" : ""} ${tag} {\n${lines.join("")}}`;
}

/** The definition of a named record. */
export const definition = (record: CRecord): string => `${recordBody(record)};\n`;

/** The definition of an enum of the size that it has in the model. */
export function enumDefinition({ tag, bits, values }: EnumType): string {
	const suffix = bits === 64 ? "LL" : "";
	const names = values.map((value, index) => `${tag.toUpperCase()}_V${index} = ${value}${suffix}`);
	return `enum ${tag} { ${names.join(", ")} }${bits < 32 ? " __attribute__((packed))" : ""};\n`;
}
