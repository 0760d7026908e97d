import test from "ava";
import { type BtfType, docKey, enumeratorDocKey } from "../../src/btf/types.ts";
import { BpfError, parseBtf } from "../../src/index.ts";
import { compilers, compileSpec, mapOf } from "./compile.ts";
import { info, int32, type RawType, rawBtf } from "./raw-btf.ts";

const kinds: [title: string, type: RawType, expected: BtfType][] = [
	[
		"an integer",
		int32,
		{ kind: "int", name: "int", size: 4, bits: 32, bitOffset: 0, signed: true, bool: false },
	],
	["a pointer", ["", info(2), 1], { kind: "pointer", type: 1 }],
	["an array", ["", info(3), 0, 1, 1, 7], { kind: "array", type: 1, count: 7 }],
	[
		"a struct with a bit field",
		["s", info(4, 2, true), 8, "a", 1, 0, "b", 1, (3 << 24) | 32],
		{
			kind: "struct",
			name: "s",
			size: 8,
			members: [
				{ name: "a", type: 1, bitOffset: 0, bitSize: 0 },
				{ name: "b", type: 1, bitOffset: 32, bitSize: 3 },
			],
		},
	],
	[
		"a union without the bit field flag",
		["u", info(5, 1), 4, "a", 1, 0],
		{ kind: "union", name: "u", size: 4, members: [{ name: "a", type: 1, bitOffset: 0, bitSize: 0 }] },
	],
	[
		"an unsigned enum",
		["e", info(6, 1), 4, "A", 0xffff_0000],
		{
			kind: "enum",
			name: "e",
			size: 4,
			signed: false,
			wide: false,
			values: [{ name: "A", value: 0xffff_0000n }],
		},
	],
	[
		"a signed enum of a compiler that does not say so",
		["e", info(6, 1), 1, "A", 0xffff_ffff],
		{ kind: "enum", name: "e", size: 1, signed: true, wide: false, values: [{ name: "A", value: -1n }] },
	],
	["a forward declaration", ["f", info(7), 0], { kind: "forward", name: "f" }],
	["a typedef", ["t", info(8), 1], { kind: "typedef", name: "t", type: 1 }],
	["volatile", ["", info(9), 1], { kind: "volatile", name: "", type: 1 }],
	["const", ["", info(10), 1], { kind: "const", name: "", type: 1 }],
	["restrict", ["", info(11), 1], { kind: "restrict", name: "", type: 1 }],
	["a function", ["main", info(12, 1), 1], { kind: "function", name: "main", type: 1, linkage: 1 }],
	[
		"a function prototype",
		["", info(13, 1), 1, "x", 1],
		{ kind: "prototype", returns: 1, parameters: [{ name: "x", type: 1 }] },
	],
	["a variable", ["v", info(14), 1, 1], { kind: "variable", name: "v", type: 1, linkage: 1 }],
	[
		"a section",
		[".data", info(15, 1), 4, 1, 8, 4],
		{ kind: "section", name: ".data", size: 4, variables: [{ type: 1, offset: 8, size: 4 }] },
	],
	["a floating point type", ["double", info(16), 8], { kind: "float", name: "double", size: 8 }],
	[
		"a tag on a whole declaration",
		["tag", info(17), 1, 0xffff_ffff],
		{ kind: "declTag", name: "tag", type: 1, component: -1 },
	],
	["a type tag", ["user", info(18), 1], { kind: "typeTag", name: "user", type: 1 }],
	[
		"a signed 64-bit enum",
		["e", info(19, 1, true), 8, "A", 0xffff_ffff, 0xffff_ffff],
		{ kind: "enum", name: "e", size: 8, signed: true, wide: true, values: [{ name: "A", value: -1n }] },
	],
];

for (const [title, type, expected] of kinds) {
	test(`reads ${title}`, (t) => {
		t.deepEqual(parseBtf(rawBtf([int32, type])).types[2], expected);
	});
}

const whole = rawBtf([int32]);

/** The good data with some bytes written over. */
function patched(offset: number, ...bytes: readonly number[]): Uint8Array {
	const copy = whole.slice();
	copy.set(bytes, offset);
	return copy;
}

const refused: [title: string, bytes: Uint8Array, code: string, message: RegExp][] = [
	["nothing", new Uint8Array(), "BTF_CORRUPT", /0 bytes are too few for a header/],
	["a truncated header", whole.subarray(0, 23), "BTF_CORRUPT", /23 bytes are too few for a header/],
	["another magic number", patched(0, 0x7f), "BTF_CORRUPT", /magic number/],
	["the other byte order", rawBtf([int32], { littleEndian: false }), "BTF_UNSUPPORTED", /big-endian/],
	["a later version", patched(2, 2), "BTF_UNSUPPORTED", /version 2/],
	["a header length below its size", patched(4, 8), "BTF_CORRUPT", /header claims 8 bytes/],
	[
		"types that end behind the data",
		patched(12, 0xff, 0xff),
		"BTF_CORRUPT",
		/types end at 65559, the data at 45/,
	],
	["strings that end behind the data", patched(20, 0xff), "BTF_CORRUPT", /strings end at/],
	["a last string without an end", patched(44, 0x41), "BTF_CORRUPT", /last string does not end/],
	["a string offset behind the strings", patched(24, 0xff), "BTF_CORRUPT", /string offset 255/],
	["a type that is cut off", rawBtf([["e", info(6, 9), 4, "A", 0]]), "BTF_CORRUPT", /last type is cut off/],
	["an unknown kind", rawBtf([["x", info(30), 4]]), "BTF_UNSUPPORTED", /kind 30 is unknown/],
	["kind 0", rawBtf([["x", info(0), 4]]), "BTF_UNSUPPORTED", /kind 0 is unknown/],
	["a type id out of range", rawBtf([["t", info(8), 9]]), "BTF_CORRUPT", /refers to type 9, the last is 1/],
	[
		"a member's type out of range",
		rawBtf([["s", info(4, 1), 4, "a", 7, 0]]),
		"BTF_CORRUPT",
		/refers to type 7/,
	],
	["an integer of no size", rawBtf([["i", info(1), 3, 24]]), "BTF_CORRUPT", /integer i has 3 bytes/],
	["an integer of too many bits", rawBtf([["i", info(1), 4, 33]]), "BTF_CORRUPT", /4 bytes and 33 bits/],
];

for (const [title, bytes, code, message] of refused) {
	test(`refuses ${title}`, (t) => {
		const error = t.throws(() => parseBtf(bytes), { instanceOf: BpfError });
		t.is(error.code, code);
		t.regex(error.message, message);
	});
}

test("reads or refuses every truncation of real BTF, and never fails otherwise", (t) => {
	const { btf } = compileSpec(`struct thing { int a; enum { ONE } e; }; ${mapOf("struct thing")};`);
	for (let length = 0; length < btf.length; length++) {
		t.throws(() => parseBtf(btf.subarray(0, length)), { instanceOf: BpfError }, `${length} bytes`);
	}
});

for (const compiler of compilers) {
	test(`reads the sentences that ${compiler} keeps for types, fields, variables, functions and enumerators`, (t) => {
		const source = `
			struct thing { int a; int b DOC("A field."); } DOC("A struct.") DOC("In two parts.");
			${mapOf("struct thing")} DOC("A map.") DOC_OF(SHAPE_ROUND, "An enumerator: with a colon.");
			const volatile int limit DOC("A variable.") = 1;
			SEC("xdp") DOC("A function.") int entry(struct xdp_md *ctx) { return limit; }`;
		const btf = parseBtf(compileSpec(source, compiler).btf);
		const id = (name: string) => btf.types.findIndex((type) => "name" in type && type.name === name);
		t.is(btf.docs.get(docKey(id("thing"))), "A struct. In two parts.");
		t.is(btf.docs.get(docKey(id("thing"), 1)), "A field.");
		t.is(btf.docs.get(docKey(id("thing"), 0)), undefined);
		t.is(btf.docs.get(docKey(id("things"))), "A map.");
		t.is(btf.docs.get(docKey(id("limit"))), "A variable.");
		t.is(btf.docs.get(docKey(id("entry"))), "A function.");
		t.is(btf.docs.get(enumeratorDocKey("SHAPE_ROUND")), "An enumerator: with a colon.");
	});
}
