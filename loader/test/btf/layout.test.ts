import test from "ava";
import { BpfError, type Layout, layoutFinder, parseBtf } from "../../src/index.ts";
import { compileSpec, mapOf } from "./compile.ts";
import { info, int32, type RawType, rawBtf } from "./raw-btf.ts";

/** One line a field: `property@offset what`. */
function summary(layout: Layout): string[] {
	if (layout.kind !== "struct" && layout.kind !== "union") return [what(layout)];
	return layout.fields.map(({ property, offset, bits, layout: inner }) => {
		const bitField = bits ? ` ${bits.codec} ${bits.size} from ${bits.shift}` : "";
		return `${property}@${offset} ${what(inner)}${bitField}`;
	});
}

function what(layout: Layout): string {
	if (layout.kind === "scalar") return layout.codec;
	if (layout.kind === "array") return `${what(layout.element)}[${layout.count}]`;
	if (layout.kind === "enum") return `${layout.typeName}:${layout.codec}`;
	if (layout.kind === "struct" || layout.kind === "union")
		return `${layout.kind} ${layout.typeName}(${layout.size})`;
	return `${layout.kind}(${layout.size})`;
}

const constructs: [title: string, c: string, expected: string[]][] = [
	["padding", "__u8 a; __u32 b; __u16 c;", ["a@0 u8", "b@4 u32", "c@8 u16"]],
	["typedefs and qualifiers", "const volatile __u64 wide_one;", ["wideOne@0 u64"]],
	["network order", "__be16 a; __be32 b; __be64 c;", ["a@0 be16", "b@4 be32", "c@8 be64"]],
	["addresses", "struct in_addr a; struct in6_addr b;", ["a@0 address4", "b@4 address6"]],
	["text and bytes", "char a[5]; __u8 b[3]; __s8 c[2];", ["a@0 text(5)", "b@5 bytes(3)", "c@8 i8[2]"]],
	["arrays of arrays", "char a[2][4]; __u16 b[2][3];", ["a@0 text(4)[2]", "b@8 u16[3][2]"]],
	[
		"numbers of all kinds",
		"bool a; float b; double c; __int128 d;",
		["a@0 bool", "b@4 f32", "c@8 f64", "d@16 i128"],
	],
	[
		"bit fields",
		"__u32 a : 3; __s32 b : 7; bool c : 1; __u64 d : 40;",
		["a@0 u32 bits 3 from 0", "b@0 i32 bits 7 from 3", "c@1 bool flag 1 from 2", "d@1 u64 bigBits 40 from 3"],
	],
	["an anonymous struct", "int a; struct { int b; struct { int c; }; };", ["a@0 i32", "b@4 i32", "c@8 i32"]],
	[
		"anonymous unions",
		"union { int a; }; struct { union { int b; }; }; int c;",
		["union0@0 union ThingUnion0(4)", "union1@4 union ThingUnion1(4)", "c@8 i32"],
	],
	["a struct without a name", "struct { int a; } inner;", ["inner@0 struct ThingInner(4)"]],
	["an enum without a name", "enum { A, B } state;", ["state@0 ThingState:u32"]],
	[
		"small enums",
		"enum { A = -1 } PACKED a; enum { B = 300 } PACKED b;",
		["a@0 ThingA:i8", "b@2 ThingB:u16"],
	],
	["pointers and flexible arrays", "void *a; int b[];", ["a@0 pointer(8)", "b@8 i32[0]"]],
];

for (const [title, c, expected] of constructs) {
	test(`describes ${title}`, (t) => {
		const spec = compileSpec(`struct thing { ${c} }; ${mapOf("struct thing")};`);
		const layoutOf = layoutFinder(parseBtf(spec.btf));
		t.deepEqual(summary(layoutOf(spec.maps.things?.valueTypeId ?? 0)), expected);
	});
}

test("a union's member called bytes makes room for the bytes of the union", (t) => {
	const spec = compileSpec(`union thing { int a; __u8 bytes[4]; }; ${mapOf("union thing")};`);
	const layout = layoutFinder(parseBtf(spec.btf))(spec.maps.things?.valueTypeId ?? 0);
	t.deepEqual(summary(layout), ["a@0 i32", "bytes_@0 bytes(4)"]);
});

test("reads bit fields as compilers before clang 8 wrote them", (t) => {
	const threeBits: RawType = ["unsigned int", info(1), 4, 3];
	const layoutOf = layoutFinder(parseBtf(rawBtf([threeBits, ["s", info(4, 1), 4, "a", 1, 5]])));
	t.deepEqual(summary(layoutOf(2)), ["a@0 u32 bits 3 from 5"]);
});

const refused: [title: string, types: RawType[], id: number, message: RegExp][] = [
	["a typedef of itself", [["t", info(8), 1]], 1, /type 1 contains itself/],
	[
		"qualifiers in a circle",
		[
			["", info(9), 2],
			["", info(10), 1],
		],
		1,
		/contains itself/,
	],
	["a struct within itself", [["s", info(4, 1), 4, "a", 1, 0]], 1, /contains itself/],
	["an array of itself", [["", info(3), 0, 1, 1, 2]], 1, /contains itself/],
	["an anonymous struct within itself", [["", info(4, 1), 4, "", 1, 0]], 1, /contains itself/],
	[
		"an anonymous member in a circle",
		[
			["s", info(4, 1), 4, "", 2, 0],
			["", info(9), 2],
		],
		1,
		/leads back to itself/,
	],
	["a member behind its struct", [int32, ["s", info(4, 1), 4, "a", 1, 32]], 2, /s\.a ends at byte 8, s at 4/],
	["a member between bytes", [int32, ["s", info(4, 1), 8, "a", 1, 3]], 2, /a starts 3 bits into its struct/],
	[
		"a bit field wider than its type",
		[int32, ["s", info(4, 1, true), 8, "a", 1, 33 << 24]],
		2,
		/33 bits, its type 32/,
	],
	[
		"a bit field that is a struct",
		[
			["s", info(4, 0), 4],
			["t", info(4, 1, true), 4, "a", 1, 1 << 24],
		],
		2,
		/no integer/,
	],
	["an array larger than memory", [int32, ["", info(3), 0, 1, 1, 0xffff_ffff]], 2, /has 17179869180 bytes/],
	[
		"endless elements of no size",
		[
			["s", info(4, 0), 0],
			["", info(3), 0, 1, 1, 0xffff_ffff],
		],
		2,
		/4294967295 elements of no size/,
	],
	[
		"nesting that no stack could hold",
		[int32, ...Array.from({ length: 50_000 }, (_, index): RawType => ["t", info(8), index + 1])],
		50_001,
		/nested 256 levels deep/,
	],
	["a value of a function", [int32, ["f", info(12), 1]], 2, /\(function\) has no size/],
	["a value of void", [int32], 0, /\(void\) has no size/],
	["an enum of no size", [["e", info(6, 0), 3]], 1, /an integer has 3 bytes/],
];

for (const [title, types, id, message] of refused) {
	test(`refuses ${title}`, (t) => {
		const layoutOf = layoutFinder(parseBtf(rawBtf(types)));
		const error = t.throws(() => layoutOf(id), { instanceOf: BpfError });
		t.is(error.code, "BTF_CORRUPT");
		t.regex(error.message, message);
	});
}
