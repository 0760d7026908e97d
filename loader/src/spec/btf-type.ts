import type { Btf, BtfType } from "../btf/types.ts";

/** A type without its typedefs and qualifiers. `bigEndian`: one of the names passed on the way was `__be…`. */
export function resolveType(btf: Btf, id: number): { type: BtfType; id: number; bigEndian: boolean } {
	let bigEndian = false;
	// The bound is only met by types that refer to themselves in a circle.
	for (let step = 0, at = id; step < 64; step++) {
		const type = btf.types[at];
		if (type === undefined) break;
		if (!isTransparent(type)) return { type, id: at, bigEndian };
		bigEndian ||= type.kind === "typedef" && /^__be(16|32|64)$/.test(type.name);
		at = type.type;
	}
	return { type: { kind: "void" }, id: 0, bigEndian };
}

type TransparentKind = "typedef" | "volatile" | "const" | "restrict" | "typeTag";

function isTransparent(type: BtfType): type is Extract<BtfType, { kind: TransparentKind }> {
	return ["typedef", "volatile", "const", "restrict", "typeTag"].includes(type.kind);
}

/** Size of a type in bytes; 0 for functions and incomplete types. */
export function sizeOfType(btf: Btf, id: number): number {
	const { type } = resolveType(btf, id);
	if (type.kind === "pointer") return 8;
	if (type.kind === "array") return type.count * sizeOfType(btf, type.type);
	return "size" in type ? type.size : 0;
}
