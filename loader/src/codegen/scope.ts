import { unsupported } from "../btf/error.ts";
import type { ArrayLayout, EnumLayout, Field, Layout, RecordLayout } from "../btf/layout.ts";

/** A type that gets a name of its own in the module. */
export type NamedLayout = RecordLayout | EnumLayout;

/** What one generated module has gathered so far: types in the order they need, constants, names to import. */
export interface Scope {
	/** By type name, dependencies first. */
	types: Map<string, NamedLayout>;
	/** Codecs that are used by more than their place, such as `text64`; value is the expression. */
	constants: Map<string, string>;
	/** Run-time names used by the module. */
	imports: Set<string>;
}

const reservedTypes = ["Codec", "UnionCodec", "UnionValue", "Tunables", "Names"];

export function newScope(): Scope {
	return { types: new Map(), constants: new Map(), imports: new Set() };
}

/**
 * Adds a type and all that it is made of. Throws BpfError `BTF_UNSUPPORTED` for pointers and flexible arrays, naming the
 * way to them from `place`, and where two types would have one name.
 */
export function addType(scope: Scope, layout: Layout, place: string): void {
	refuse(layout, place);
	if (layout.kind === "array") addType(scope, layout.element, `${place}[]`);
	if (layout.kind !== "struct" && layout.kind !== "union" && layout.kind !== "enum") return;
	if (scope.types.get(layout.typeName) === layout) return;
	if (layout.kind !== "enum") {
		for (const field of layout.fields) addType(scope, field.layout, `${plainName(layout)}.${field.name}`);
	}
	const known = scope.types.get(layout.typeName);
	if (known || reservedTypes.includes(layout.typeName)) {
		const other = known ? known.cName : "a name of the generated module";
		throw unsupported(
			layout.cName,
			`it would be ${layout.typeName}, which ${other} is already`,
			"rename one of them",
		);
	}
	scope.types.set(layout.typeName, layout);
}

/** Whether `addType` takes a layout. */
export function isRepresentable(layout: Layout): boolean {
	if (layout.kind === "struct" || layout.kind === "union") {
		return layout.fields.every((field) => isRepresentable(field.layout));
	}
	if (layout.kind === "array") return layout.count > 0 && isRepresentable(layout.element);
	return layout.kind !== "pointer" && (layout.kind !== "enum" || layout.whole);
}

function refuse(layout: Layout, place: string): void {
	if (layout.kind === "pointer") {
		throw unsupported(
			place,
			"it is a pointer, which means nothing outside of the kernel",
			"use an integer in its place",
		);
	}
	if (layout.kind === "array" && layout.count === 0) {
		throw unsupported(
			place,
			"it is a flexible array, so its struct has no one size",
			"give the array a length",
		);
	}
	if (layout.kind === "enum" && !layout.whole) {
		const why = `${layout.cName} has 64 bits, and this compiler cut its values to 32`;
		throw unsupported(place, why, "compile with clang 15 or later");
	}
}

/** `frontend_key`, without the `struct` in front. */
export function plainName(layout: NamedLayout): string {
	return layout.cName.slice(layout.cName.indexOf(" ") + 1);
}

/** Name of the codec constant of a named type: `frontendKeyCodec`. */
export function codecName({ typeName }: NamedLayout): string {
	return `${typeName.charAt(0).toLowerCase()}${typeName.slice(1)}Codec`;
}

/** Expression for the codec of a layout; may add a constant to the scope. */
export function codecExpression(scope: Scope, layout: Layout): string {
	switch (layout.kind) {
		case "scalar":
			return use(scope, layout.codec);
		case "struct":
		case "union":
		case "enum":
			return codecName(layout);
		case "text":
		case "bytes":
			return constant(scope, `${layout.kind}${layout.size}`, `${use(scope, layout.kind)}(${layout.size})`);
		case "array":
			return arrayExpression(scope, layout);
		case "pointer":
			throw unsupported(layout.cName, "a pointer has no codec");
	}
}

function arrayExpression(scope: Scope, { element, count }: ArrayLayout): string {
	const inner = codecExpression(scope, element);
	const name = `${inner.replace(/Codec$/, "")}x${count}`;
	return constant(scope, name, `${use(scope, "array")}(${inner}, ${count})`);
}

/** Expression for the codec of a field: as for its layout, except for bit fields. */
export function fieldCodecExpression(scope: Scope, { bits, layout }: Field): string {
	if (!bits) return codecExpression(scope, layout);
	const { codec, shift, size, signed } = bits;
	const maker = use(scope, codec);
	if (codec === "flag") return constant(scope, `flagAt${shift}`, `${maker}(${shift})`);
	const name = `${signed ? "signed" : "unsigned"}${codec === "bigBits" ? "Big" : ""}${size}At${shift}`;
	const range = `{ shift: ${shift}, size: ${size}${signed ? ", signed: true" : ""} }`;
	if (layout.kind !== "enum") return constant(scope, name, `${maker}(${range})`);
	const enumName = `${codecName(layout).replace(/Codec$/, "")}${size}At${shift}`;
	return constant(scope, enumName, `${maker}(${range}) as ${use(scope, "type Codec")}<${layout.typeName}>`);
}

/** TypeScript type of a layout's values. */
export function typeExpression(layout: Layout): string {
	switch (layout.kind) {
		case "scalar":
			return scalarType(layout);
		case "struct":
		case "union":
		case "enum":
			return layout.typeName;
		case "text":
			return "string";
		case "bytes":
			return "Uint8Array";
		case "array":
			return `readonly ${arrayType(layout)}`;
		case "pointer":
			return "bigint";
	}
}

function arrayType({ element }: ArrayLayout): string {
	const inner = typeExpression(element);
	return inner.startsWith("readonly ") ? `(${inner})[]` : `${inner}[]`;
}

function scalarType({ codec, size }: { codec: string; size: number }): string {
	if (codec.startsWith("address")) return "string";
	if (codec === "bool") return "boolean";
	return size >= 8 && codec !== "f64" ? "bigint" : "number";
}

/** Notes a run-time name for the import line and returns it without `type`. */
export function use(scope: Scope, name: string): string {
	scope.imports.add(name);
	return name.replace(/^type /, "");
}

/** A constant of this name for this expression; where the name is taken by another one, it gets underscores. */
function constant(scope: Scope, name: string, expression: string): string {
	const known = scope.constants.get(name);
	if (known !== undefined && known !== expression) return constant(scope, `${name}_`, expression);
	scope.constants.set(name, expression);
	return name;
}
