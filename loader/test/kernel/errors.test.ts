import test from "ava";
import {
	BpfError,
	type LoadOptions,
	loadObject,
	MapError,
	type ObjectSpec,
	openSpec,
	type ProgramSpec,
	type ProgramType,
	probe,
	UnsupportedError,
	VerifierError,
} from "../../src/index.ts";
import { compileObject, compileSpec, preludeLines } from "../btf/compile.ts";

/** Refused programs. With `#line` clang finds no file to take the text of lines from, without it does. */
const refused: readonly [
	title: string,
	source: string,
	at: { file?: string; line: number; message: RegExp },
][] = [
	[
		"a pointer that was not checked",
		`#line 1 "demo.bpf.c"
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } m SEC(".maps");
SEC("xdp") int prog(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *value = bpf_map_lookup_elem(&m, &key);
	return *value;
}`,
		{
			line: 6,
			message: /R0 invalid mem access 'map_value_or_null'.* \[\d+: \(79\) r0 = \*\(u64 \*\)\(r0 \+0\)\]$/,
		},
	],
	[
		"a packet read behind its end, in a function of the program",
		`static __attribute__((noinline)) int peek(struct xdp_md *ctx, int at)
{
	char *data = (char *)(long)ctx->data;
	return data[at];
}
SEC("xdp") int prog(struct xdp_md *ctx) { return peek(ctx, 1) + peek(ctx, 7); }`,
		{
			file: "test.bpf.c",
			line: preludeLines + 4,
			message: /invalid access to packet, off=1 size=1.*R1 .*is outside of the (packet|allowed memory range)/,
		},
	],
	[
		"a return value that the hook does not know",
		`#line 1 "demo.bpf.c"
SEC("cgroup/connect4") int prog(struct bpf_sock_addr *ctx)
{
	return ctx->user_port + 5;
}`,
		{ line: 3, message: /R0 has .*should have been in/ },
	],
	[
		"a helper of another program type",
		`#line 1 "demo.bpf.c"
SEC("xdp") int prog(struct xdp_md *ctx)
{
	char bytes[4];
	return bpf_skb_load_bytes(ctx, 0, bytes, 4);
}`,
		{ line: 4, message: /(program of this type cannot use helper|unknown func) bpf_skb_load_bytes/ },
	],
];

for (const [title, source, { file = "demo.bpf.c", line, message }] of refused) {
	test(`The verifier refuses ${title}, and the error names program, file and line`, (t) => {
		const error = t.throws(() => loadObject(compileSpec(source)), { instanceOf: VerifierError, message });
		t.like(error, { code: "VERIFIER", operation: "load", object: "program prog", program: "prog" });
		t.like(error, { file, line });
		t.true(error.message.startsWith(`the verifier refuses program prog at ${file}:${line}`), error.message);
		t.false(error.message.includes("\n"));
		t.true(error.log.length > 3);
		t.true(error.log.some((each) => each.startsWith("processed ")));
	});
}

test("A verifier log above 256 KiB is kept whole", (t) => {
	const spec = compileSpec(`
const volatile __u64 table[64] = { 1 };
SEC("xdp") int prog(struct xdp_md *ctx)
{
	__u64 sum = 0;
	for (int i = 0; i < 4000; i++)
		sum += table[i & 63] ^ (sum << 3);
	char *data = (char *)(long)ctx->data;
	return sum + data[0];
}`);
	const error = t.throws(() => loadObject(spec), { instanceOf: VerifierError });
	const bytes = error.log.reduce((sum, line) => sum + line.length + 1, 0);
	t.true(bytes > 1 << 18, `${bytes} bytes`);
	t.regex(error.log[0] ?? "", /^(func#0|0: |Live regs|;)/);
	t.regex(error.log.at(-1) ?? "", /^processed /);
});

test("The program that the verifier refuses is named among others that it accepts", (t) => {
	const spec = compileSpec(`
SEC("xdp") int good(struct xdp_md *ctx) { return XDP_PASS; }
SEC("xdp") int bad(struct xdp_md *ctx) { return *(char *)(long)ctx->data; }
SEC("xdp") int also_good(struct xdp_md *ctx) { return XDP_DROP; }`);
	t.throws(() => loadObject(spec), {
		instanceOf: VerifierError,
		message: /^the verifier refuses program bad/,
	});
	loadObject(spec, { programs: { bad: { load: false } } }).close();
});

const oneMap = `
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } table SEC(".maps");
const volatile __u16 small;
SEC("xdp") int prog(struct xdp_md *ctx) { __u32 key = small; return bpf_map_lookup_elem(&table, &key) != 0; }`;

const loads: readonly [
	title: string,
	source: string,
	options: LoadOptions,
	expected: { code: string; message: RegExp },
][] = [
	[
		"a section name without a meaning",
		'SEC("nonsense") int prog(void *ctx) { return 0; }',
		{},
		{ code: "PROGRAM_TYPE_UNKNOWN", message: /program prog: its section name nonsense means nothing/ },
	],
	[
		"more entries than memory",
		oneMap,
		{ maps: { table: { maxEntries: 0xffff_ffff } } },
		{ code: "MAP_CREATE", message: /map table \(hash, key 4 bytes, value 8 bytes, 4294967295 entries\)/ },
	],
	[
		"no entries at all",
		oneMap,
		{ maps: { table: { maxEntries: 0 } } },
		{ code: "MAP_CREATE", message: /the kernel refuses it with EINVAL/ },
	],
	[
		"a variable's value out of range",
		oneMap,
		{ variables: { small: 65536 } },
		{ code: "VARIABLE_BAD_VALUE", message: /variable small: it takes 0 to 65535, not 65536/ },
	],
	[
		"an extern that nobody defines",
		'extern int missing(void) __ksym; SEC("xdp") int prog(void *ctx) { return missing(); }',
		{},
		{ code: "EINVAL", message: /cannot load object .*'missing': not found in kernel/ },
	],
];

for (const [title, source, options, { code, message }] of loads) {
	test(`A load with ${title} gives one line`, (t) => {
		const error = t.throws(() => loadObject(compileSpec(source), options), {
			instanceOf: BpfError,
			code,
			message,
		});
		t.false(error.message.includes("\n"));
		if (code === "MAP_CREATE") t.true(error instanceof MapError);
	});
}

test("A program type or map type that this kernel lacks is named, with its first kernel where we know it", (t) => {
	const program = compileSpec('SEC("lirc_mode2") int prog(unsigned int *c) { return 0; }');
	if (probe().programType("lirc_mode2")) return t.pass("this kernel has infrared remote controls");
	t.throws(() => loadObject({ ...program, programs: asType(program, "lirc_mode2") }), {
		instanceOf: UnsupportedError,
		message: "cannot load program prog: this kernel does not have program type lirc_mode2",
	});
});

const asType = (spec: ObjectSpec, type: ProgramType) => ({
	prog: { ...(spec.programs.prog as ProgramSpec), type },
});

test("A spec that libbpf cannot read is refused with libbpf's words", (t) => {
	const spec = openSpec(compileObject(oneMap));
	const damaged = { ...spec, bytes: spec.bytes.subarray(0, 200) };
	t.throws(() => loadObject(damaged), { instanceOf: BpfError, message: /cannot load object/ });
});
