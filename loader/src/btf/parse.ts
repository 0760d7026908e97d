import { corrupt, unsupported } from "./error.ts";
import type { Btf, BtfEnum, BtfMember, BtfRecord, BtfSection, BtfType } from "./types.ts";
import { docKey, enumeratorDocKey } from "./types.ts";

const magic = 0xeb9f;
const smallestHeader = 24;

/** The three words every type starts with; `vlen` counts what follows, `sizeOrType` depends on the kind. */
interface Head {
	name: string;
	vlen: number;
	flag: boolean;
	sizeOrType: number;
}

interface Reader {
	offset: number;
	u32(): number;
	name(): string;
}

type KindReader = (head: Head, reader: Reader) => BtfType;

/** By the kernel's number of the kind (linux/btf.h). */
const kinds: readonly (KindReader | undefined)[] = [
	undefined,
	readInt,
	({ sizeOrType }) => ({ kind: "pointer", type: sizeOrType }),
	readArray,
	(head, reader) => readRecord("struct", head, reader),
	(head, reader) => readRecord("union", head, reader),
	readEnum,
	({ name }) => ({ kind: "forward", name }),
	({ name, sizeOrType }) => ({ kind: "typedef", name, type: sizeOrType }),
	({ name, sizeOrType }) => ({ kind: "volatile", name, type: sizeOrType }),
	({ name, sizeOrType }) => ({ kind: "const", name, type: sizeOrType }),
	({ name, sizeOrType }) => ({ kind: "restrict", name, type: sizeOrType }),
	({ name, sizeOrType, vlen }) => ({ kind: "function", name, type: sizeOrType, linkage: vlen }),
	({ sizeOrType, vlen }, reader) => ({
		kind: "prototype",
		returns: sizeOrType,
		parameters: times(vlen, () => ({ name: reader.name(), type: reader.u32() })),
	}),
	({ name, sizeOrType }, reader) => ({ kind: "variable", name, type: sizeOrType, linkage: reader.u32() }),
	readSection,
	({ name, sizeOrType }) => ({ kind: "float", name, size: sizeOrType }),
	({ name, sizeOrType }, reader) => ({
		kind: "declTag",
		name,
		type: sizeOrType,
		component: reader.u32() | 0,
	}),
	({ name, sizeOrType }) => ({ kind: "typeTag", name, type: sizeOrType }),
	readEnum64,
];

/**
 * Reads raw BTF: the `.BTF` section of an object, or what the kernel returns for a BTF id.
 * Throws BpfError `BTF_CORRUPT` where the data breaks its own rules, `BTF_UNSUPPORTED` for big-endian data.
 */
export function parseBtf(bytes: Uint8Array): Btf {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const { types: typeRange, strings: stringRange } = readHeader(view);
	const readName = stringReader(bytes.subarray(stringRange.start, stringRange.end));
	const types: BtfType[] = [{ kind: "void" }];
	const reader = typeReader(view, typeRange, readName);
	while (reader.offset < typeRange.end) types.push(readType(reader, types.length));
	types.forEach((type, id) => {
		for (const reference of references(type)) {
			if (reference >= types.length) {
				throw corrupt(
					`type ${id} (${type.kind}) refers to type ${reference}, the last is ${types.length - 1}`,
				);
			}
		}
	});
	return { types, docs: collectDocs(types) };
}

interface Range {
	start: number;
	end: number;
}

function readHeader(view: DataView): { types: Range; strings: Range } {
	if (view.byteLength < smallestHeader) {
		throw corrupt(`${view.byteLength} bytes are too few for a header of ${smallestHeader}`);
	}
	if (view.getUint16(0) === magic) {
		throw unsupported(
			"BTF",
			"it is big-endian, and only little-endian objects are supported",
			"build with -target bpfel",
		);
	}
	if (view.getUint16(0, true) !== magic) throw corrupt("it does not start with the magic number 0xeb9f");
	if (view.getUint8(2) !== 1)
		throw unsupported("BTF", `version ${view.getUint8(2)} is unknown, this reads version 1`);
	const headerLength = view.getUint32(4, true);
	const range = (what: string, field: number): Range => {
		const start = headerLength + view.getUint32(field, true);
		const end = start + view.getUint32(field + 4, true);
		if (end > view.byteLength) throw corrupt(`its ${what} end at ${end}, the data at ${view.byteLength}`);
		return { start, end };
	};
	if (headerLength < smallestHeader) throw corrupt(`its header claims ${headerLength} bytes`);
	return { types: range("types", 8), strings: range("strings", 16) };
}

function stringReader(strings: Uint8Array): (offset: number) => string {
	const decoder = new TextDecoder();
	if (strings.length > 0 && strings.at(-1) !== 0) throw corrupt("its last string does not end");
	return (offset) => {
		if (offset === 0) return "";
		if (offset >= strings.length) throw corrupt(`string offset ${offset} is behind the last string`);
		return decoder.decode(strings.subarray(offset, strings.indexOf(0, offset)));
	};
}

function typeReader(view: DataView, range: Range, readName: (offset: number) => string): Reader {
	return {
		offset: range.start,
		u32() {
			if (this.offset + 4 > range.end) throw corrupt("its last type is cut off");
			const value = view.getUint32(this.offset, true);
			this.offset += 4;
			return value;
		},
		name() {
			return readName(this.u32());
		},
	};
}

function readType(reader: Reader, id: number): BtfType {
	const name = reader.name();
	const info = reader.u32();
	const kind = (info >>> 24) & 0x1f;
	const read = kinds[kind];
	if (!read)
		throw unsupported(
			`BTF type ${id}`,
			`kind ${kind} is unknown, this reads kinds up to ${kinds.length - 1}`,
		);
	return read({ name, vlen: info & 0xffff, flag: info >>> 31 === 1, sizeOrType: reader.u32() }, reader);
}

function readInt({ name, sizeOrType }: Head, reader: Reader): BtfType {
	const word = reader.u32();
	const bits = word & 0xff;
	if (![1, 2, 4, 8, 16].includes(sizeOrType) || bits === 0 || bits > sizeOrType * 8) {
		throw corrupt(`integer ${name} has ${sizeOrType} bytes and ${bits} bits`);
	}
	const encoding = (word >>> 24) & 0xf;
	return {
		kind: "int",
		name,
		size: sizeOrType,
		bits,
		bitOffset: (word >>> 16) & 0xff,
		signed: (encoding & 1) !== 0,
		bool: (encoding & 4) !== 0,
	};
}

function readArray(_: Head, reader: Reader): BtfType {
	const type = reader.u32();
	reader.u32(); // The type of the index: always an integer.
	return { kind: "array", type, count: reader.u32() };
}

function readRecord(kind: "struct" | "union", head: Head, reader: Reader): BtfRecord {
	const member = (): BtfMember => {
		const name = reader.name();
		const type = reader.u32();
		const word = reader.u32();
		// Without the flag (clang before 8) the word is the offset alone and bit fields are integers of fewer bits.
		return head.flag
			? { name, type, bitOffset: word & 0xffffff, bitSize: word >>> 24 }
			: { name, type, bitOffset: word, bitSize: 0 };
	};
	return { kind, name: head.name, size: head.sizeOrType, members: times(head.vlen, member) };
}

/**
 * The flag says signed, but clang 14 never sets it, for negative values either. Without it, small negative numbers count as such:
 * they are likelier than values just below 2^32.
 */
function readEnum({ name, flag, vlen, sizeOrType }: Head, reader: Reader): BtfEnum {
	const values = times(vlen, () => ({ name: reader.name(), value: reader.u32() | 0 }));
	const signed = flag || values.some(({ value }) => value < 0 && value >= -4096);
	return {
		kind: "enum",
		name,
		size: sizeOrType,
		signed,
		wide: false,
		values: values.map((each) => ({
			name: each.name,
			value: BigInt(signed ? each.value : each.value >>> 0),
		})),
	};
}

function readEnum64({ name, flag, vlen, sizeOrType }: Head, reader: Reader): BtfEnum {
	const values = times(vlen, () => {
		const valueName = reader.name();
		const word = BigInt(reader.u32()) | (BigInt(reader.u32()) << 32n);
		return { name: valueName, value: flag ? BigInt.asIntN(64, word) : word };
	});
	return { kind: "enum", name, size: sizeOrType, signed: flag, wide: true, values };
}

function readSection({ name, vlen, sizeOrType }: Head, reader: Reader): BtfSection {
	const variable = () => ({ type: reader.u32(), offset: reader.u32(), size: reader.u32() });
	return { kind: "section", name, size: sizeOrType, variables: times(vlen, variable) };
}

function references(type: BtfType): readonly number[] {
	switch (type.kind) {
		case "struct":
		case "union":
			return type.members.map((member) => member.type);
		case "section":
			return type.variables.map((variable) => variable.type);
		case "prototype":
			return [type.returns, ...type.parameters.map((parameter) => parameter.type)];
		default:
			return "type" in type ? [type.type] : [];
	}
}

function collectDocs(types: readonly BtfType[]): Map<string, string> {
	const docs = new Map<string, string>();
	for (const type of types) {
		if (type.kind !== "declTag") continue;
		const [, ofEnumerator, enumerator = "", sentence = ""] = /^doc(-of:(\w+))?:(.*)$/s.exec(type.name) ?? [];
		if (sentence === "") continue;
		const key = ofEnumerator ? enumeratorDocKey(enumerator) : docKey(type.type, type.component);
		docs.set(key, docs.has(key) ? `${docs.get(key)} ${sentence.trim()}` : sentence.trim());
	}
	return docs;
}

function times<T>(count: number, make: () => T): T[] {
	return Array.from({ length: count }, make);
}
