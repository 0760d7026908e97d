import { bigBits, bits, flag } from "../codec-bits.ts";
import { scalars } from "../codec-scalar.ts";
import { text } from "../codec-sequence.ts";
import { LayoutError } from "../errors.ts";
import type { BitField, EnumLayout, Field, Layout } from "./layout.ts";
import { layoutFinder } from "./layout-finder.ts";
import type { Btf } from "./types.ts";

/**
 * A value as JSON can hold it. Integers above 2^53 are decimal text, bytes hex text, enums the names of their values (the
 * number where no value has it), unions an object with every member, pointers "0x…".
 */
export type PlainValue = string | number | boolean | PlainValue[] | { [property: string]: PlainValue };

/** Reads one value of a type, `size` bytes at `offset`. */
type ValueReader = (view: DataView, offset: number) => PlainValue;

const readers = new WeakMap<Btf, Map<number, { size: number; read: ValueReader }>>();

/**
 * Decodes the bytes of a value by its BTF type, as `{address: "10.0.0.1", port: 80, protocol: "TCP"}`: names and layouts are
 * those of the modules that bpf2ts writes. Throws LayoutError where `bytes` is shorter than the type.
 */
export function decodeValue(btf: Btf, typeId: number, bytes: Uint8Array): PlainValue {
	const { size, read } = readerOf(btf, typeId);
	if (bytes.byteLength < size) {
		throw new LayoutError(`BTF type ${typeId} has ${size} bytes, the value only ${bytes.byteLength}`, {
			code: "LAYOUT_MISMATCH",
			operation: "decode",
			object: `BTF type ${typeId}`,
			expected: size,
			actual: bytes.byteLength,
		});
	}
	return read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
}

/** Readers are made once a type, for dumps of many entries. */
function readerOf(btf: Btf, typeId: number): { size: number; read: ValueReader } {
	const known = readers.get(btf) ?? new Map();
	readers.set(btf, known);
	const reader = known.get(typeId) ?? makeReader(btf, typeId);
	known.set(typeId, reader);
	return reader;
}

function makeReader(btf: Btf, typeId: number): { size: number; read: ValueReader } {
	const layout = layoutFinder(btf)(typeId);
	return { size: layout.size, read: valueReader(layout) };
}

function valueReader(layout: Layout): ValueReader {
	switch (layout.kind) {
		case "scalar": {
			const codec = scalars[layout.codec];
			return (view, offset) => plain(codec.decode(view, offset));
		}
		case "enum": {
			const codec = scalars[layout.codec];
			const nameOf = enumNames(layout);
			return (view, offset) => nameOf(codec.decode(view, offset));
		}
		case "text":
			return text(layout.size).decode;
		case "bytes":
			return (view, offset) => hex(view, offset, layout.size);
		case "pointer":
			return (view, offset) => `0x${view.getBigUint64(offset, true).toString(16)}`;
		case "array": {
			const { count, element } = layout;
			const read = valueReader(element);
			return (view, offset) =>
				Array.from({ length: count }, (_, index) => read(view, offset + index * element.size));
		}
		case "struct":
		case "union":
			return fieldsReader(layout.fields);
	}
}

function fieldsReader(fields: readonly Field[]): ValueReader {
	const fieldReaders = fields.map((field) => ({ ...field, read: fieldReader(field) }));
	return (view, start) => {
		const value: { [property: string]: PlainValue } = {};
		for (const { property, offset, read } of fieldReaders) value[property] = read(view, start + offset);
		return value;
	};
}

function fieldReader({ bits: bitField, layout }: Field): ValueReader {
	if (!bitField) return valueReader(layout);
	const codec = bitFieldCodec(bitField);
	const show = layout.kind === "enum" ? enumNames(layout) : plain;
	return (view, offset) => show(codec.decode(view, offset));
}

function bitFieldCodec(bitField: BitField) {
	if (bitField.codec === "flag") return flag(bitField.shift);
	return bitField.codec === "bits" ? bits(bitField) : bigBits(bitField);
}

/** The first name wins where several values are equal. */
function enumNames({ values }: EnumLayout): (value: number | bigint | boolean | string) => PlainValue {
	const names = new Map<string, string>();
	for (const { name, value } of values) if (!names.has(String(value))) names.set(String(value), name);
	return (value) => names.get(String(value)) ?? plain(value);
}

function plain(value: number | bigint | boolean | string): PlainValue {
	if (typeof value !== "bigint") return value;
	const number = Number(value);
	return Number.isSafeInteger(number) ? number : String(value);
}

function hex(view: DataView, offset: number, size: number): string {
	return Buffer.from(view.buffer, view.byteOffset + offset, size).toString("hex");
}
