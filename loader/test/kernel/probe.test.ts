import test from "ava";
import {
	type AttachType,
	attachCgroup,
	BpfError,
	type HelperQuestion,
	loadObject,
	type MapType,
	type ProgramType,
	probe,
} from "../../src/index.ts";
import { attachPrograms } from "../../src/probe/attach-programs.ts";
import { compileSpec } from "../btf/compile.ts";
import { makeCgroup } from "./sandbox.ts";

test("Program and map types that every kernel since 5.10 has are found", (t) => {
	const programTypes: ProgramType[] = [
		"socket_filter",
		"sched_cls",
		"xdp",
		"cgroup_sock_addr",
		"cgroup_sock",
		"sock_ops",
		"sk_msg",
		"sk_skb",
		"sk_lookup",
	];
	for (const type of programTypes) t.true(probe().programType(type), type);
	const mapTypes: MapType[] = [
		"hash",
		"array",
		"percpu_hash",
		"percpu_array",
		"lru_hash",
		"lpm_trie",
		"array_of_maps",
		"hash_of_maps",
		"sockhash",
		"sockmap",
		"ringbuf",
	];
	for (const type of mapTypes) t.true(probe().mapType(type), type);
	t.false(probe().programType("unspec"));
	t.false(probe().mapType("unspec"));
	t.true(probe().ringBuffer());
});

/** What the kernel says to a program that really calls the helper, and what the probe says. */
const helpers: readonly [question: HelperQuestion, section: string, call: string][] = [
	[
		{ programType: "xdp", helper: "redirect_map" },
		"xdp",
		"((int (*)(void *, __u32, __u64))51)(&table, 0, 0)",
	],
	[
		{ programType: "xdp", helper: "skb_load_bytes" },
		"xdp",
		"((int (*)(void *, __u32, void *, __u32))26)(c, 0, &word, 4)",
	],
	[
		{ programType: "sched_cls", helper: "skb_load_bytes" },
		"tc",
		"((int (*)(void *, __u32, void *, __u32))26)(c, 0, &word, 4)",
	],
	[{ programType: "xdp", helper: "set_retval" }, "xdp", "((int (*)(int))187)(-1)"],
	[
		{ programType: "cgroup_sock_addr", helper: "set_retval" },
		"cgroup/connect4",
		"((int (*)(int))187)(-1) * 0",
	],
	[
		{ programType: "cgroup_sock_addr", helper: "set_retval", attachType: "cgroup_udp4_recvmsg" },
		"cgroup/recvmsg4",
		"((int (*)(int))187)(-1) * 0 + 1",
	],
	[
		{ programType: "cgroup_sock_addr", helper: "get_socket_cookie" },
		"cgroup/connect4",
		"((__u64 (*)(void *))46)(c) * 0",
	],
	[
		{ programType: "cgroup_sock_addr", helper: "get_netns_cookie" },
		"cgroup/connect4",
		"((__u64 (*)(void *))122)(c) * 0",
	],
];

for (const [question, section, call] of helpers) {
	const where = question.attachType ?? question.programType;
	test(`The probe's answer on ${question.helper} at ${where} is what a program meets`, (t) => {
		const spec = compileSpec(`
struct { __uint(type, BPF_MAP_TYPE_DEVMAP); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); } table SEC(".maps");
SEC("${section}") int prog(void *c) { __u32 word = 0; (void)&table; (void)&word; return (${call}); }
char LICENSE[] SEC("license") = "GPL";`);
		let loads = true;
		try {
			loadObject(spec).close();
		} catch (error) {
			loads = error instanceof BpfError && !/helper|(unknown|invalid) func/.test(error.message);
			t.log(error instanceof BpfError ? error.message : error);
		}
		t.is(probe().helper(question), loads);
	});
}

test("A helper number that no kernel has is found nowhere", (t) => {
	t.false(probe().helper({ programType: "xdp", helper: 9999 }));
	t.true(probe().helper({ programType: "xdp", helper: 1 }));
});

test("An attach type is found exactly where a program can be attached", (t) => {
	const cgroup = makeCgroup(t);
	const sections: readonly [section: string, type: AttachType & keyof typeof attachPrograms][] = [
		["cgroup/connect4", "cgroup_inet4_connect"],
		["cgroup/getpeername6", "cgroup_inet6_getpeername"],
		["cgroup/recvmsg6", "cgroup_udp6_recvmsg"],
		["cgroup/post_bind4", "cgroup_inet4_post_bind"],
		["sockops", "cgroup_sock_ops"],
	];
	for (const [section, type] of sections) {
		using object = loadObject<{ programs: "prog"; maps: never; variables: never }>(
			compileSpec(`SEC("${section}") int prog(void *c) { return 1; }`),
		);
		attachCgroup({ program: object.programs.prog, cgroup }).close();
		t.true(probe().attachType(type), type);
	}
});

test("Every attach type in the table gets an answer, and asking attaches nothing", (t) => {
	for (const type of Object.keys(attachPrograms) as (keyof typeof attachPrograms)[]) {
		t.is(typeof probe().attachType(type), "boolean", type);
	}
});

test("Batches, links and kernel BTF are answered", (t) => {
	for (const type of ["hash", "lru_hash", "array", "percpu_hash"] as const)
		t.true(probe().batchOperations(type), type);
	t.true(probe().cgroupLinks());
	t.true(probe().kernelBtf());
	t.is(typeof probe().tcx(), "boolean");
	t.is(typeof probe().sockMapLinks(), "boolean");
});

test("The same probe answers all over the process, and what cannot be tried is an error", (t) => {
	t.is(probe(), probe());
	t.throws(() => probe().helper({ programType: "tracing", helper: "get_socket_cookie" }), {
		code: "PROBE_UNANSWERABLE",
	});
	t.throws(() => probe().mapType("arena"), { code: "PROBE_UNANSWERABLE" });
});
