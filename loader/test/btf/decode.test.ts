import test from "ava";
import { decodeValue, LayoutError, type PlainValue, parseBtf } from "../../src/index.ts";
import { compileSpec, mapOf } from "./compile.ts";

const values: [title: string, c: string, hex: string, expected: PlainValue][] = [
	[
		"the key of a frontend",
		"struct in6_addr address; __be16 port; enum protocol { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 } PACKED protocol; __u8 pad;",
		"00000000000000000000ffff0a000001 0050 06 00",
		{ address: "10.0.0.1", port: 80, protocol: "TCP", pad: 0 },
	],
	["an enum's value that has no name", "enum color { COLOR_RED, COLOR_BLUE } c;", "07000000", { c: 7 }],
	["the first of two names", "enum color { COLOR_RED, COLOR_FIRST = 0 } c;", "00000000", { c: "RED" }],
	["64 bits that a number holds", "__u64 a;", "ffffffffffff1f00", { a: Number.MAX_SAFE_INTEGER }],
	["64 bits that no number holds", "__u64 a;", "ffffffffffffffff", { a: "18446744073709551615" }],
	["signed 64 bits", "__s64 a;", "ffffffffffffffff", { a: -1 }],
	["text up to its end", "char a[6];", "6162 00 7a7a7a", { a: "ab" }],
	["raw bytes as hex", "__u8 a[3];", "0aff00", { a: "0aff00" }],
	["booleans", "bool a; bool b;", "0001", { a: false, b: true }],
	[
		"arrays",
		"__u16 a[2][2];",
		"0100020003000400",
		{
			a: [
				[1, 2],
				[3, 4],
			],
		},
	],
	[
		"every member of a union",
		"union { __u32 a; __u8 b[2]; };",
		"01020304",
		{ union0: { a: 0x0403_0201, b: "0102" } },
	],
	["bit fields", "__u8 a : 3; __s8 b : 5; ", "fa", { a: 2, b: -1 }],
	["a bit field of an enum", "enum side { SIDE_LEFT, SIDE_RIGHT } a : 2;", "01000000", { a: "RIGHT" }],
	["a pointer as its address", "void *a;", "efbeadde00000000", { a: "0xdeadbeef" }],
	["a flexible array as empty", "__u32 a; __u32 b[];", "01000000", { a: 1, b: [] }],
];

for (const [title, c, hex, expected] of values) {
	test(`shows ${title}`, (t) => {
		const spec = compileSpec(`struct thing { ${c} }; ${mapOf("struct thing")};`);
		const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
		const plain = decodeValue(parseBtf(spec.btf), spec.maps.things?.valueTypeId ?? 0, bytes);
		t.deepEqual(plain, expected);
		t.deepEqual(JSON.parse(JSON.stringify(plain)), expected);
	});
}

test("shows keys and values that are no structs", (t) => {
	const spec = compileSpec(`enum side { SIDE_LEFT, SIDE_RIGHT }; ${mapOf("enum side")};`);
	const btf = parseBtf(spec.btf);
	t.is(decodeValue(btf, spec.maps.things?.keyTypeId ?? 0, Uint8Array.of(1, 2, 0, 0)), 513);
	t.is(decodeValue(btf, spec.maps.things?.valueTypeId ?? 0, Uint8Array.of(1, 0, 0, 0)), "RIGHT");
});

test("refuses fewer bytes than the type has, and says both sizes", (t) => {
	const spec = compileSpec(`struct thing { __u64 a; }; ${mapOf("struct thing")};`);
	const decode = () => decodeValue(parseBtf(spec.btf), spec.maps.things?.valueTypeId ?? 0, new Uint8Array(7));
	const error = t.throws(decode, { instanceOf: LayoutError });
	t.is(error.expected, 8);
	t.is(error.actual, 7);
});
