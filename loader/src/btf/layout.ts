import type { BitRange } from "../codec-bits.ts";
import type { ScalarName } from "../codec-scalar.ts";

/**
 * How a value of one C type lies in memory: the only description of layouts, for the generator and the run-time
 * decoder alike. Sizes and offsets in bytes; qualifiers, typedefs and tags are resolved.
 */
export type Layout =
	| ScalarLayout
	| EnumLayout
	| ArrayLayout
	| RecordLayout
	| { kind: "text"; cName: string; size: number }
	| { kind: "bytes"; cName: string; size: number }
	| { kind: "pointer"; cName: string; size: 8 };

/** A number, boolean or address; `codec` names its codec in this package. */
export interface ScalarLayout {
	kind: "scalar";
	cName: string;
	size: number;
	codec: ScalarName;
}

/** `whole` is false where the compiler cut the values to 32 bits (clang 14 with 64-bit enums). */
export interface EnumLayout {
	kind: "enum";
	cName: string;
	typeName: string;
	size: number;
	codec: ScalarName;
	whole: boolean;
	values: readonly { name: string; value: bigint; doc: string | undefined }[];
}

/** `count` is 0 for a flexible array. */
export interface ArrayLayout {
	kind: "array";
	cName: string;
	size: number;
	count: number;
	element: Layout;
}

/** Struct or union. Members of anonymous structs are fields of the struct around them; an anonymous union is one field. */
export interface RecordLayout {
	kind: "struct" | "union";
	cName: string;
	typeName: string;
	size: number;
	fields: readonly Field[];
	doc: string | undefined;
}

/** `property` is the name in TypeScript; `bits` is there for bit fields, which start in the byte at `offset`. */
export interface Field {
	name: string;
	property: string;
	offset: number;
	bits: BitField | undefined;
	layout: Layout;
	doc: string | undefined;
}

/** `size` bits from `shift` (0 to 7) bits above the lowest one; `codec` names the maker of its codec in this package. */
export interface BitField extends BitRange {
	codec: "bits" | "bigBits" | "flag";
	signed: boolean;
}

/** Finds layouts by type id. `name` is for a type that has none in C, in C spelling: `frontend_value`. */
export type LayoutFinder = (typeId: number, name?: string) => Layout;
