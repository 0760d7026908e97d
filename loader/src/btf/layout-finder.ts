import type { ScalarName } from "../codec-scalar.ts";
import { corrupt } from "./error.ts";
import type { EnumLayout, Field, Layout, LayoutFinder } from "./layout.ts";
import { collect, enter, type Lookup } from "./members.ts";
import { enumMemberNames, pascalCase, propertyNames } from "./names.ts";
import type { Btf, BtfEnum, BtfRecord } from "./types.ts";
import { docKey, enumeratorDocKey } from "./types.ts";

/** Largest type in bytes: the kernel's limit for a map value is below it, and anything above is a broken count. */
const largestSize = 0x7fff_ffff;
const mostEmptyElements = 0xffff;
const bigEndianTypes: Readonly<Record<string, ScalarName>> = {
	__be16: "be16",
	__be32: "be32",
	__be64: "be64",
};
const addressTypes: Readonly<Record<string, { codec: ScalarName; size: number }>> = {
	in_addr: { codec: "address4", size: 4 },
	in6_addr: { codec: "address6", size: 16 },
};

interface Context extends Lookup {
	known: Map<number, Layout>;
}

/** A finder over one object's types. It throws BpfError `BTF_CORRUPT` on cycles and members outside their struct. */
export function layoutFinder(btf: Btf): LayoutFinder {
	const context: Context = {
		btf,
		known: new Map(),
		open: new Set(),
		find: (typeId, name) => find(context, typeId, name),
	};
	return (typeId, name = "anonymous") => find(context, typeId, name);
}

function find(context: Context, typeId: number, name: string): Layout {
	const known = context.known.get(typeId);
	if (known) return known;
	const layout = enter(context, typeId, () => build(context, typeId, name));
	if (layout.size > largestSize) throw corrupt(`${layout.cName} has ${layout.size} bytes`);
	context.known.set(typeId, layout);
	return layout;
}

function build(context: Context, typeId: number, name: string): Layout {
	const type = context.btf.types[typeId];
	switch (type?.kind) {
		case "int":
			return { kind: "scalar", cName: type.name, size: type.size, codec: integerCodec(type) };
		case "float":
			return floatLayout(type.name, type.size);
		case "pointer":
			return { kind: "pointer", cName: "pointer", size: 8 };
		case "enum":
			return enumLayout(context.btf, type, type.name || name);
		case "array":
			return arrayLayout(context, type, name);
		case "struct":
		case "union":
			return recordLayout(context, typeId, type, name);
		case "typedef":
			return typedefLayout(find(context, type.type, type.name), type.name);
		case "const":
		case "volatile":
		case "restrict":
		case "typeTag":
			return find(context, type.type, name);
		default:
			throw corrupt(
				`type ${typeId} (${type?.kind ?? "missing"}) has no size, but a value of it is asked for`,
			);
	}
}

function integerCodec({ size, signed, bool }: { size: number; signed: boolean; bool: boolean }): ScalarName {
	if (bool && size === 1) return "bool";
	const bits = size * 8;
	if (bits !== 8 && bits !== 16 && bits !== 32 && bits !== 64 && bits !== 128) {
		throw corrupt(`an integer has ${size} bytes`);
	}
	return `${signed ? "i" : "u"}${bits}`;
}

function floatLayout(cName: string, size: number): Layout {
	if (size === 4 || size === 8) return { kind: "scalar", cName, size, codec: size === 4 ? "f32" : "f64" };
	return { kind: "bytes", cName, size };
}

/** A `__be` typedef changes the byte order; any other one is only another name. */
function typedefLayout(layout: Layout, name: string): Layout {
	const codec = bigEndianTypes[name];
	if (codec && layout.kind === "scalar") return { ...layout, cName: name, codec };
	return layout;
}

function enumLayout({ docs }: Btf, type: BtfEnum, name: string): EnumLayout {
	const names = enumMemberNames(
		name,
		type.values.map((value) => value.name),
	);
	return {
		kind: "enum",
		cName: `enum ${name}`,
		typeName: pascalCase(name),
		size: type.size,
		codec: integerCodec({ ...type, bool: false }),
		whole: type.wide || type.size <= 4,
		values: type.values.map(({ name: cName, value }, index) => ({
			name: names[index] ?? cName,
			value,
			doc: docs.get(enumeratorDocKey(cName)),
		})),
	};
}

/** `char x[N]` is text and `__u8 x[N]` raw bytes; only the innermost dimension of several. */
function arrayLayout(
	context: Context,
	{ type, count }: { type: number; count: number },
	name: string,
): Layout {
	const element = find(context, type, name);
	const cName = `${element.cName}[${count}]`;
	const size = element.size * count;
	if (size === 0 && count > mostEmptyElements) throw corrupt(`${cName} has ${count} elements of no size`);
	if (count > 0 && element.kind === "scalar" && element.size === 1) {
		if (element.cName === "char") return { kind: "text", cName, size };
		if (element.codec === "u8") return { kind: "bytes", cName, size };
	}
	return { kind: "array", cName, size, count, element };
}

function recordLayout(context: Context, typeId: number, type: BtfRecord, name: string): Layout {
	const address = type.kind === "struct" ? addressTypes[type.name] : undefined;
	if (address && address.size === type.size) {
		return { kind: "scalar", cName: `struct ${type.name}`, ...address };
	}
	const cName = type.name || name;
	const fields: Field[] = [];
	collect(context, typeId, { cName, kind: type.kind, offset: 0, anonymous: { count: 0 }, fields });
	// The value of a union has a property of its own: its bytes.
	const taken = type.kind === "union" ? ["bytes"] : [];
	const names = propertyNames(fields.map((field) => field.name)).map((name) =>
		taken.includes(name) ? `${name}_` : name,
	);
	return {
		kind: type.kind,
		cName: `${type.kind} ${cName}`,
		typeName: pascalCase(cName),
		size: type.size,
		fields: fields.map((field, index) => ({ ...field, property: names[index] ?? field.name })),
		doc: context.btf.docs.get(docKey(typeId)),
	};
}
