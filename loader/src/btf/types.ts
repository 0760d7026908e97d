/** What BTF says of one type. References to other types are ids: indexes into `Btf.types`. */
export type BtfType =
	| { kind: "void" }
	| {
			kind: "int";
			name: string;
			size: number;
			bits: number;
			bitOffset: number;
			signed: boolean;
			bool: boolean;
	  }
	| { kind: "pointer"; type: number }
	| { kind: "array"; type: number; count: number }
	| BtfRecord
	| BtfEnum
	| { kind: "forward"; name: string }
	| { kind: "typedef" | "volatile" | "const" | "restrict" | "typeTag"; name: string; type: number }
	| { kind: "function"; name: string; type: number; linkage: number }
	| { kind: "prototype"; returns: number; parameters: readonly { name: string; type: number }[] }
	| { kind: "variable"; name: string; type: number; linkage: number }
	| BtfSection
	| { kind: "float"; name: string; size: number }
	| { kind: "declTag"; name: string; type: number; component: number };

/** A struct or union; `size` in bytes, an anonymous one has the name "". */
export interface BtfRecord {
	kind: "struct" | "union";
	name: string;
	size: number;
	members: readonly BtfMember[];
}

/** `bitOffset` from the start of the record; `bitSize` is 0 where the member is no bit field. */
export interface BtfMember {
	name: string;
	type: number;
	bitOffset: number;
	bitSize: number;
}

/** `wide`: written as ENUM64, so that values above 32 bits are whole. */
export interface BtfEnum {
	kind: "enum";
	name: string;
	size: number;
	signed: boolean;
	wide: boolean;
	values: readonly { name: string; value: bigint }[];
}

/** An ELF section with its variables: `.maps`, `.rodata`. Sizes and offsets are 0 until libbpf has opened the object. */
export interface BtfSection {
	kind: "section";
	name: string;
	size: number;
	variables: readonly { type: number; offset: number; size: number }[];
}

/** The types of one object. Made by `parseBtf`; every reference between types has been checked. */
export interface Btf {
	/** By type id; id 0 is void. */
	readonly types: readonly BtfType[];
	/** Sentences of `btf_decl_tag("doc:…")` by `docKey`, and of `"doc-of:ENUMERATOR:…"` by `enumeratorDocKey`. */
	readonly docs: ReadonlyMap<string, string>;
}

/** Key into `Btf.docs`: a type id and, for a member of that type, its index. */
export function docKey(type: number, member = -1): string {
	return `${type}/${member}`;
}

/** Key into `Btf.docs` for one value of an enum: its name in C. BTF has no tags on them, so any type carries theirs. */
export function enumeratorDocKey(enumerator: string): string {
	return `of/${enumerator}`;
}

/** The id of the type of this kind and name, or undefined. */
export function findType(btf: Btf, kind: BtfType["kind"], name: string): number | undefined {
	const id = btf.types.findIndex((type) => type.kind === kind && "name" in type && type.name === name);
	return id < 0 ? undefined : id;
}
