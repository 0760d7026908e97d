import test from "ava";
import { BpfError, type Codec, generateModule, type UnionCodec } from "../../src/index.ts";
import { compilers, compileSpec, mapOf } from "../btf/compile.ts";
import { encode, hex, importGenerated, viewOf } from "./generate.ts";

/** Values and bytes are worked out by hand. Blanks in the bytes mark the fields. */
const constructs: [title: string, c: string, value: object, bytes: string][] = [
	[
		"padding",
		"__u8 a; __u32 b; __u16 c; __u8 d[3]; __u64 e;",
		{ a: 1, b: 2, c: 3, d: Uint8Array.of(4, 5, 6), e: 7n },
		"01 000000 02000000 0300 040506 000000 0700000000000000",
	],
	["a packed struct", "__u8 a; __u32 b; } PACKED; struct unused {", { a: 1, b: 2 }, "01 02000000"],
	["network order", "__be16 a; __be32 b;", { a: 80, b: 0x0a00_0001 }, "0050 0000 0a000001"],
	[
		"addresses",
		"struct in6_addr a; struct in_addr b;",
		{ a: "fd00::1", b: "10.0.0.1" },
		`fd${"00".repeat(14)}01 0a000001`,
	],
	["a plain IPv4 address", "struct in6_addr a;", { a: "10.0.0.1" }, "00000000000000000000ffff0a000001"],
	[
		"signed numbers",
		"__s8 a; __s16 b; __s32 c; __s64 d;",
		{ a: -1, b: -2, c: -3, d: -4n },
		"ff 00 feff fdffffff fcffffffffffffff",
	],
	["128 bits", "__int128 a;", { a: -2n }, "feffffffffffffffffffffffffffffff"],
	["floating point", "float a; double b;", { a: 0.5, b: -0.5 }, "0000003f 00000000 000000000000e0bf"],
	["booleans", "bool a; bool b;", { a: true, b: false }, "01 00"],
	["text", "char a[4]; char b[2][2];", { a: "ab", b: ["c", "de"] }, "61620000 6300 6465"],
	[
		"arrays",
		"__u16 a[2][2]; __be16 b[2];",
		{
			a: [
				[1, 2],
				[3, 4],
			],
			b: [5, 6],
		},
		"01000200 03000400 00050006",
	],
	[
		"nested structs",
		"struct { __u8 a; __u16 b; } inner[2]; struct { __u8 c; };",
		{
			inner: [
				{ a: 1, b: 2 },
				{ a: 3, b: 4 },
			],
			c: 5,
		},
		"01 00 0200 03 00 0400 05 00",
	],
	[
		"bit fields",
		"__u8 version : 4; __u8 length : 4; __s16 delta : 5; bool set : 1; __u32 : 3; __u64 wide : 33;",
		{ version: 4, length: 5, delta: -1, set: true, wide: 2n ** 33n - 1n },
		"54 3f feffffff03 00",
	],
	[
		"enums of every size",
		"enum { A_LOW = -1, A_HIGH = 1 } PACKED a; enum { B_TOP = 40000 } PACKED b; enum { C_ON = 1 } c;",
		{ a: -1, b: 40_000, c: 1 },
		"ff 00 409c 01000000",
	],
];

for (const [title, c, value, bytes] of constructs) {
	test(`writes and reads ${title}`, async (t) => {
		const spec = compileSpec(`struct thing { ${c} }; ${mapOf("struct thing")};`);
		const module = await importGenerated(spec);
		const codec = module.thingCodec as Codec<unknown>;
		const expected = bytes.replaceAll(" ", "");
		t.is(codec.size, expected.length / 2);
		t.is(hex(encode(codec, value)), expected);
		t.deepEqual(codec.decode(viewOf(Buffer.from(expected, "hex")), 0), value);
	});
}

test("a union is written and read byte for byte, by each of its members", async (t) => {
	const source = `struct thing { __u8 kind; union { __u16 port; struct { __u8 a; __u8 b; }; __u8 raw[4]; }; };`;
	const module = await importGenerated(compileSpec(`${source} ${mapOf("struct thing")};`));
	const codec = module.thingCodec as Codec<{ kind: number; union0: { port: number; struct0: object } }>;
	const union = module.thingUnion0Codec as UnionCodec<{ port: number; struct0: object; raw: Uint8Array }>;
	t.is(hex(encode(codec as Codec<unknown>, { kind: 1, union0: union.of("port", 0x1234) })), "010034120000");
	const bytes = Uint8Array.of(1, 0, 1, 2, 3, 4);
	const value = codec.decode(viewOf(bytes), 0);
	t.is(value.union0.port, 0x0201);
	t.deepEqual(value.union0.struct0, { a: 1, b: 2 });
	t.deepEqual(encode(codec as Codec<unknown>, value), bytes);
});

test("errors name struct, field and value", async (t) => {
	const source = `struct inner { __u8 low[2]; }; struct thing { __be16 port; struct inner inner; __u8 bits : 2; };`;
	const module = await importGenerated(compileSpec(`${source} ${mapOf("struct thing")};`));
	const codec = module.thingCodec as Codec<unknown>;
	const good = { port: 1, inner: { low: Uint8Array.of(1, 2) }, bits: 1 };
	const bad: [value: object, message: string][] = [
		[{ ...good, port: 65_536 }, "thing.port: 65536 is not an integer from 0 to 65535"],
		[{ ...good, port: undefined }, "thing.port: undefined is not an integer from 0 to 65535"],
		[{ ...good, bits: 4 }, "thing.bits: 4 is not an integer from 0 to 3"],
		[{ ...good, inner: { low: [] } }, "inner.low: the list has 0 elements, not 2"],
	];
	for (const [value, message] of bad)
		t.throws(() => encode(codec, value), { instanceOf: RangeError, message });
});

test("describes maps, variables and programs", async (t) => {
	const source = `
		enum side { SIDE_LEFT, SIDE_RIGHT };
		struct outer_key { enum side side; } DOC("Where it is.");
		struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 7); __uint(map_flags, 2);
			__type(key, struct outer_key); __type(value, __be32); } recent SEC(".maps") DOC("Seen last.");
		struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
		struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 2);
			__uint(key_size, 4); __uint(value_size, 4); } tails SEC(".maps");
		struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 2);
			__uint(key_size, 6); __uint(value_size, 4); } untyped SEC(".maps");
		struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 3);
			__type(key, __u32); __type(value, __u64); };
		struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 5);
			__type(key, __u32); __array(values, struct inner); } nested SEC(".maps");
		const volatile __u16 limit DOC("Most of them.") = 5;
		const volatile enum side start = SIDE_RIGHT;
		static const volatile int hidden = 1;
		__u64 seen;
		void *cursor;
		SEC("xdp") DOC("Lets all pass.") int entry(struct xdp_md *ctx) { seen += limit + start + hidden; cursor = 0; return 2; }
		char LICENSE[] SEC("license") = "GPL";`;
	const { maps, variables, programs } = await importGenerated(compileSpec(source));
	t.like(maps, {
		recent: { name: "recent", type: "lru_hash", maxEntries: 7, flags: 2, doc: "Seen last." },
		events: { name: "events", type: "ringbuf", maxEntries: 4096 },
		tails: { key: { name: "__u32", size: 4 }, value: { name: "__u32", size: 4 } },
		untyped: { key: { name: "__u8[6]", size: 6 }, value: { name: "__u8[4]", size: 4 } },
		nested: {
			value: { size: 4 },
			inner: { type: "array", maxEntries: 3, value: { name: "__u64", size: 8 } },
		},
	});
	const { recent, events } = maps as Record<string, { key: Codec<unknown>; value: Codec<unknown> }>;
	t.deepEqual([recent?.key.name, recent?.value.name], ["struct outer_key", "__be32"]);
	t.false("key" in (events ?? {}));
	t.like(variables, {
		limit: { name: "limit", section: ".rodata", size: 2, doc: "Most of them." },
		seen: { section: ".bss", size: 8 },
		cursor: { size: 8, codec: { name: "__u8[8]" } },
	});
	t.deepEqual(Object.keys(variables as object), ["cursor", "limit", "seen", "start"]);
	t.deepEqual(programs, { entry: { name: "entry", section: "xdp", type: "xdp", doc: "Lets all pass." } });
});

test("the text is the same whatever the compiler and the order of declarations", (t) => {
	const types =
		"enum side { SIDE_LEFT = -1, SIDE_RIGHT }; struct thing { enum side side : 2; char name[4]; __be16 port; };";
	const [first, second] = [mapOf("struct thing", "first"), mapOf("enum side", "second")];
	const orders = [`${types} ${first}; ${second};`, `${types} ${second}; ${first};`];
	const texts = compilers.flatMap((compiler) =>
		orders.map((source) => generateModule(compileSpec(source, compiler), { source: "x.o" })),
	);
	t.true(texts.every((text) => text === texts[0]));
});

test("writes enums and structs that no map uses when they are asked for", async (t) => {
	const spec = compileSpec(`
		enum reason { REASON_NONE, REASON_LOST };
		struct event { enum reason reason; };
		${mapOf("__u32")} DOC_OF(REASON_LOST, "It never came.");
		const struct event *event_type SEC(".types") = 0;
		const enum reason *reason_type SEC(".types") = 0;`);
	const text = generateModule(spec, { source: "x.o", enums: ["reason"], structs: ["event"] });
	t.regex(
		text,
		/export const Reason = \{\n\tNONE: 0,\n\t\/\*\* It never came\. \*\/\n\tLOST: 1,\n\} as const;/,
	);
	t.regex(text, /export const reasonDocs = \{\n\tLOST: "It never came\.",\n\} as const;/);
	t.regex(text, /export const eventCodec: Codec<Event> = \{/);
	const plain = generateModule(spec, { source: "x.o" });
	t.notRegex(plain, /Reason|Event/);
});

const refused: [title: string, c: string, message: RegExp, options?: { enums: string[] }][] = [
	[
		"a pointer",
		`struct thing { struct { void *next; } link; }; ${mapOf("struct thing")};`,
		/^thing_link\.next: it is a pointer/,
	],
	["a pointer as value", `${mapOf("void *")};`, /^value of map things: it is a pointer/],
	[
		"a flexible array",
		`struct thing { int count; int rest[]; }; ${mapOf("struct thing")};`,
		/^thing\.rest: it is a flexible array/,
	],
	[
		"a bit field in network order",
		`struct thing { __be16 a : 4; }; ${mapOf("struct thing")};`,
		/^bit field a: /,
	],
	[
		"two types of one name",
		`struct a_b { int x; }; struct aB { struct a_b y; }; ${mapOf("struct aB")};`,
		/^struct aB: it would be AB, which struct a_b is/,
	],
	[
		"a type called as one of the module's own",
		`struct codec { int x; }; ${mapOf("struct codec")};`,
		/^struct codec: it would be Codec/,
	],
	[
		"an enum that is not there",
		`${mapOf("int")};`,
		/^enum reason: the object's BTF has no such type/,
		{ enums: ["reason"] },
	],
	[
		"a struct where an enum is asked for",
		`struct reason { int x; }; ${mapOf("struct reason")};`,
		/^enum reason: the object's BTF has no such/,
		{ enums: ["reason"] },
	],
];

for (const [title, c, message, options] of refused) {
	test(`refuses ${title}`, (t) => {
		const generate = () => generateModule(compileSpec(c), { source: "x.o", ...options });
		t.is(t.throws(generate, { instanceOf: BpfError, message }).code, "BTF_UNSUPPORTED");
	});
}

test("refuses a 64-bit enum whose values the compiler has cut, and takes it from later ones", (t) => {
	const c = `enum wide { WIDE_TOP = 0x100000000ULL }; ${mapOf("enum wide")};`;
	const spec = compileSpec(c);
	const generate = () => generateModule(spec, { source: "x.o" });
	try {
		t.regex(generate(), /TOP: 4294967296n/);
	} catch (error) {
		t.regex(String(error), /enum wide has 64 bits, and this compiler cut its values to 32/);
	}
});
