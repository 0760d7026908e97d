import test from "ava";
import { verifierError } from "../../src/object/verifier-log.ts";
import { compileSpec } from "../btf/compile.ts";

const spec = compileSpec(`#line 1 "demo.bpf.c"
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } m SEC(".maps");
SEC("xdp") int other(struct xdp_md *ctx) { return 2; }
SEC("xdp") int prog(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *value = bpf_map_lookup_elem(&m, &key);
	return *value;
}`);

/** Logs of the same refusal, as kernels of these versions write them. */
const logs: readonly [kernel: string, log: string][] = [
	[
		"5.10, whose comments are only the text",
		`; __u32 key = 0;
0: (b7) r1 = 0
1: (63) *(u32 *)(r10 -4) = r1
last_idx 1 first_idx 0
regs=2 stack=0 before 0: (b7) r1 = 0
2: (bf) r2 = r10
3: (07) r2 += -4
; __u64 *value = bpf_map_lookup_elem(&m, &key);
4: (18) r1 = 0xffff9d0c4a1d2c00
6: (85) call bpf_map_lookup_elem#1
7: R0_w=map_value_or_null(id=1,off=0,ks=4,vs=8,imm=0) R10=fp0 fp-8=0000mmmm
; return *value;
7: (79) r0 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`,
	],
	[
		"6.1, without source comments",
		`func#0 @0
0: R1=ctx(off=0,imm=0) R10=fp0
0: (b7) r1 = 0                        ; R1_w=0
7: (79) r0 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
verification time 62 usec
stack depth 4
processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`,
	],
	[
		"6.12, whose comments name file and line",
		`0: R1=ctx() R10=fp0
; return *value; @ demo.bpf.c:7
7: (79) r0 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`,
	],
];

for (const [kernel, log] of logs) {
	test(`The C line is found in a log of kernel ${kernel}`, (t) => {
		const error = verifierError(spec, "prog", log, 13);
		t.is(error.file, "demo.bpf.c");
		t.is(error.line, 7);
		t.regex(
			error.message,
			/^the verifier refuses program prog at demo\.bpf\.c:7.*: R0 invalid mem access 'map_value_or_null' \[7: \(79\)/,
		);
		t.deepEqual(
			[...error.log],
			log.split("\n").filter((line) => line !== ""),
		);
		t.is(error.errno, 13);
	});
}

test("A log without an instruction gives its last line, and no place", (t) => {
	const error = verifierError(spec, "prog", "R0 !read_ok\nprocessed 0 insns (limit 1000000)\n", 13);
	t.is(error.message, "the verifier refuses program prog: R0 !read_ok");
	t.is(error.file, undefined);
});

test("A log that says nothing gives an error all the same", (t) => {
	t.is(
		verifierError(spec, "prog", "processed 0 insns\n", 13).message,
		"the verifier refuses program prog: it gives no reason",
	);
});
