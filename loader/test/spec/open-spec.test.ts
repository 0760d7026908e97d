import { readFileSync } from "node:fs";
import test from "ava";
import { libbpf } from "../../src/ffi/library.ts";
import { objectCalls } from "../../src/ffi/object.ts";
import { BpfError, type MapSpec, openSpec } from "../../src/index.ts";
import { mapTypeNumber, programTypeNumber } from "../../src/kernel-names.ts";
import { compileObject, compilers, compileSpec } from "../btf/compile.ts";

const source = `
#include <linux/in6.h>
struct entry { __u32 a; __u64 b; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 100); __type(key, struct in6_addr); __type(value, struct entry); __uint(map_flags, BPF_F_NO_PREALLOC); } table SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 5); __type(key, __u32); __type(value, __u64); };
struct { __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS); __uint(max_entries, 3); __uint(key_size, 8); __array(values, struct inner); } outer SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH); __uint(max_entries, 9); __uint(key_size, 12); __uint(value_size, 24); __uint(pinning, LIBBPF_PIN_BY_NAME); } kept SEC(".maps");
int called(struct __sk_buff *c);
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 2); __uint(key_size, 4); __array(values, int (struct __sk_buff *)); } jumps SEC(".maps") = { .values = { [1] = &called } };
enum level { LOW = -1, HIGH = 1 };
const volatile __u32 word = 7;
const volatile __s8 negative = -2;
const volatile bool flag = true;
const volatile __be16 port;
const volatile enum level level = LOW;
const volatile __u64 ratio = 5;
const volatile struct entry entry = { .a = 1, .b = 2 };
__u64 count;
__u32 start = 9;
static volatile __u32 hidden = 3;
SEC("tc") int called(struct __sk_buff *c) { return hidden; }
SEC("tcx/ingress") int ingress(struct __sk_buff *c) { count++; start++; return word + negative + flag + port + level + (ratio > 1) + entry.a; }
SEC("?xdp") int optional(struct xdp_md *c) { return XDP_PASS; }
SEC("xdp") int first(struct xdp_md *c) { return XDP_PASS; }
SEC("xdp") int second(struct xdp_md *c) { return XDP_DROP; }
SEC("cgroup/connect4") int connect4(struct bpf_sock_addr *c) { return 1; }
char LICENSE[] SEC("license") = "Dual BSD/GPL";
`
	.replaceAll("double", "__u64")
	.replaceAll("0.5", "5");

test("A spec has the object's name, license, bytes and BTF", (t) => {
	const path = compileObject(source);
	const spec = openSpec(path);
	t.regex(spec.name, /^[0-9a-f]+$/);
	t.is(openSpec(path, { name: "mine" }).name, "mine");
	t.is(openSpec(spec.bytes).name, "object");
	t.is(spec.license, "Dual BSD/GPL");
	t.deepEqual(spec.bytes, new Uint8Array(readFileSync(path)));
	t.is(spec.btf[0], 0x9f);
});

test("A spec has every program with section, type and attach type", (t) => {
	const { programs } = compileSpec(source);
	const facts = Object.values(programs).map((each) => [
		each.name,
		each.section,
		each.type,
		each.attachType,
		each.autoload,
	]);
	t.deepEqual(facts, [
		["called", "tc", "sched_cls", undefined, true],
		["ingress", "tcx/ingress", "sched_cls", undefined, true],
		["optional", "xdp", "xdp", "xdp", false],
		["first", "xdp", "xdp", "xdp", true],
		["second", "xdp", "xdp", "xdp", true],
		["connect4", "cgroup/connect4", "cgroup_sock_addr", "cgroup_inet4_connect", true],
	]);
	t.is(programs.second?.offset, (programs.first?.instructionCount ?? 0) * 8);
});

test("A spec has every map with sizes, flags, pinning and inner map", (t) => {
	const { maps } = compileSpec(source);
	const facts = (map: MapSpec | undefined) =>
		map && [map.type, map.keySize, map.valueSize, map.maxEntries, map.flags, map.pinning];
	t.deepEqual(facts(maps.table), ["hash", 16, 16, 100, 1, "none"]);
	t.deepEqual(facts(maps.events), ["ringbuf", 0, 0, 4096, 0, "none"]);
	t.deepEqual(facts(maps.outer), ["hash_of_maps", 8, 4, 3, 0, "none"]);
	t.deepEqual(facts(maps.outer?.innerMap), ["array", 4, 8, 5, 0, "none"]);
	t.deepEqual(facts(maps.kept), ["lru_percpu_hash", 12, 24, 9, 0, "by_name"]);
	t.deepEqual(facts(maps.jumps), ["prog_array", 4, 4, 2, 0, "none"]);
	t.is(maps.jumps?.innerMap, undefined);
	t.is(maps.kept?.keyTypeId, 0);
	t.true((maps.table?.keyTypeId ?? 0) > 0);
	t.deepEqual(
		Object.keys(maps).filter((name) => name.startsWith(".")),
		[".rodata", ".data", ".bss"],
	);
});

test("A spec has every variable with section, size, format and first value", (t) => {
	const { variables } = compileSpec(source);
	const facts = Object.fromEntries(
		Object.values(variables).map((each) => [
			each.name,
			[
				each.section,
				each.constant,
				each.size,
				each.format,
				each.bigEndian,
				Buffer.from(each.initial).toString("hex"),
			],
		]),
	);
	t.deepEqual(facts, {
		word: [".rodata", true, 4, "unsigned", false, "07000000"],
		negative: [".rodata", true, 1, "signed", false, "fe"],
		flag: [".rodata", true, 1, "boolean", false, "01"],
		port: [".rodata", true, 2, "unsigned", true, "0000"],
		level: [".rodata", true, 4, "signed", false, "ffffffff"],
		ratio: [".rodata", true, 8, "unsigned", false, "0500000000000000"],
		entry: [".rodata", true, 16, "bytes", false, "01000000000000000200000000000000"],
		count: [".bss", false, 8, "unsigned", false, "0000000000000000"],
		start: [".data", false, 4, "unsigned", false, "09000000"],
		hidden: [".data", false, 4, "unsigned", false, "03000000"],
	});
});

for (const compiler of compilers) {
	test(`A spec of what ${compiler} writes is the same at every opening, and as libbpf sees the object`, (t) => {
		const spec = compileSpec(source, compiler);
		t.deepEqual(openSpec(spec.bytes, { name: spec.name }), spec);
		const object = objectCalls().open(spec.bytes, spec.name);
		if (object === null) throw new Error("libbpf does not open it");
		const number = (name: string) => libbpf().func(`uint32_t ${name}(void *of)`);
		for (const map of Object.values(spec.maps)) {
			const pointer = objectCalls().findMap(object, map.name);
			const ask = (name: string) => number(`bpf_map__${name}`)(pointer);
			t.is(ask("type"), mapTypeNumber(map.type), map.name);
			t.is(ask("key_size"), map.keySize, map.name);
			t.is(ask("value_size"), map.valueSize, map.name);
			t.is(ask("max_entries"), map.maxEntries, map.name);
			if (map.section !== ".maps") continue;
			t.is(ask("map_flags"), map.flags, map.name);
			t.is(ask("btf_key_type_id"), map.keyTypeId, map.name);
			t.is(ask("btf_value_type_id"), map.valueTypeId, map.name);
		}
		const count = libbpf().func("size_t bpf_program__insn_cnt(void *program)");
		for (const program of Object.values(spec.programs)) {
			const pointer = objectCalls().findProgram(object, program.name);
			t.is(Number(count(pointer)), program.instructionCount, program.name);
			// Version 1.1 knows no tcx/ sections.
			if (!program.section.startsWith("tcx/"))
				t.is(number("bpf_program__type")(pointer), programTypeNumber(program.type));
		}
		objectCalls().close(object);
	});
}

test("Maps that cannot be understood are refused in one line", (t) => {
	const wrong: [source: string, message: RegExp][] = [
		['struct { int type; } odd SEC(".maps");', /odd has a map field that is no pointer/],
		['struct { __uint(max_entries, 1); } odd SEC(".maps");', /odd is a map without a type/],
		['int odd SEC(".maps");', /odd is a map, but not a struct/],
		['struct { int a; } odd SEC("maps");', /declares maps the old way/],
	];
	for (const [map, message] of wrong) {
		const error = t.throws(() => compileSpec(map), { instanceOf: BpfError, code: "OBJECT_BAD_MAP", message });
		t.false(error.message.includes("\n"));
	}
});
