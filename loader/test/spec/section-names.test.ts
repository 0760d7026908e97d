import test from "ava";
import { libbpf } from "../../src/ffi/library.ts";
import { attachTypeNumber, programTypeNumber } from "../../src/kernel-names.ts";
import { sectionMeaning } from "../../src/spec/section-names.ts";

/** Sections as people write them. */
const sections = [
	"socket",
	"kprobe/f",
	"kretprobe/f",
	"ksyscall/f",
	"uprobe/f",
	"uprobe.s/f",
	"uretprobe/f",
	"usdt/f",
	"tc",
	"classifier",
	"action",
	"tracepoint/a/b",
	"tp/a/b",
	"raw_tracepoint/a",
	"raw_tp/a",
	"raw_tracepoint.w/a",
	"raw_tp.w/a",
	"tp_btf/a",
	"fentry/f",
	"fentry.s/f",
	"fmod_ret/f",
	"fexit/f",
	"fexit.s/f",
	"freplace/f",
	"lsm/f",
	"lsm.s/f",
	"lsm_cgroup/f",
	"iter/task",
	"iter.s/task",
	"syscall",
	"xdp.frags/devmap",
	"xdp/devmap",
	"xdp.frags/cpumap",
	"xdp/cpumap",
	"xdp.frags",
	"xdp",
	"perf_event",
	"lwt_in",
	"lwt_out",
	"lwt_xmit",
	"lwt_seg6local",
	"sockops",
	"sk_skb/stream_parser",
	"sk_skb/stream_verdict",
	"sk_skb",
	"sk_msg",
	"sk_lookup",
	"sk_reuseport/migrate",
	"sk_reuseport",
	"flow_dissector",
	"cgroup_skb/ingress",
	"cgroup_skb/egress",
	"cgroup/skb",
	"cgroup/sock_create",
	"cgroup/sock_release",
	"cgroup/sock",
	"cgroup/post_bind4",
	"cgroup/post_bind6",
	"cgroup/bind4",
	"cgroup/bind6",
	"cgroup/connect4",
	"cgroup/connect6",
	"cgroup/sendmsg4",
	"cgroup/sendmsg6",
	"cgroup/recvmsg4",
	"cgroup/recvmsg6",
	"cgroup/getpeername4",
	"cgroup/getpeername6",
	"cgroup/getsockname4",
	"cgroup/getsockname6",
	"cgroup/sysctl",
	"cgroup/getsockopt",
	"cgroup/setsockopt",
	"cgroup/dev",
	"struct_ops/f",
	"lirc_mode2",
	"kprobe.multi/f",
	"kretprobe.multi/f",
];

test("Our meaning of section names is libbpf's", (t) => {
	const ask = libbpf().func(
		"int libbpf_prog_type_by_name(const char *name, _Out_ int *type, _Out_ int *attach)",
	);
	for (const section of sections) {
		const type = [0];
		const attach = [0];
		t.is(ask(section, type, attach), 0, `libbpf knows ${section}`);
		const ours = sectionMeaning(section);
		t.is(programTypeNumber(ours.type), type[0] ?? -1, section);
		t.is(ours.attachType === undefined ? 0 : attachTypeNumber(ours.attachType), attach[0] ?? -1, section);
	}
});

test("tcx sections mean TC programs, whatever libbpf is installed", (t) => {
	t.deepEqual(sectionMeaning("tcx/ingress"), { type: "sched_cls" });
	t.deepEqual(sectionMeaning("tcx/egress"), { type: "sched_cls" });
});

test("A name that means nothing is unspec, and a prefix needs its slash", (t) => {
	for (const name of ["nonsense", "xdpfoo", "cgroup/connect4/x", ""])
		t.is(sectionMeaning(name).type, "unspec", name);
});
