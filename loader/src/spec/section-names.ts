import type { AttachType, ProgramType } from "../kernel-names.ts";

/** What a section's name says of the program in it. */
export interface SectionMeaning {
	type: ProgramType;
	attachType?: AttachType;
}

/** `exact`: the whole name counts. `prefix`: what follows a `/` is a target (a function, an interface, anything). */
type Row = readonly [name: string, match: "exact" | "prefix", type: ProgramType, attachType?: AttachType];

/*
 * The names that libbpf documents, and `tcx/…`, which libbpf knows from 1.3: a spec must not depend on the
 * libbpf that happens to be installed. The first match wins, so longer names come first.
 */
const rows: readonly Row[] = [
	["tcx/ingress", "exact", "sched_cls"],
	["tcx/egress", "exact", "sched_cls"],
	["tc/ingress", "exact", "sched_cls"],
	["tc/egress", "exact", "sched_cls"],
	["tc", "prefix", "sched_cls"],
	["classifier", "prefix", "sched_cls"],
	["action", "prefix", "sched_act"],
	["xdp.frags/devmap", "prefix", "xdp", "xdp_devmap"],
	["xdp/devmap", "prefix", "xdp", "xdp_devmap"],
	["xdp.frags/cpumap", "prefix", "xdp", "xdp_cpumap"],
	["xdp/cpumap", "prefix", "xdp", "xdp_cpumap"],
	["xdp.frags", "prefix", "xdp", "xdp"],
	["xdp", "prefix", "xdp", "xdp"],
	["cgroup/connect4", "exact", "cgroup_sock_addr", "cgroup_inet4_connect"],
	["cgroup/connect6", "exact", "cgroup_sock_addr", "cgroup_inet6_connect"],
	["cgroup/bind4", "exact", "cgroup_sock_addr", "cgroup_inet4_bind"],
	["cgroup/bind6", "exact", "cgroup_sock_addr", "cgroup_inet6_bind"],
	["cgroup/sendmsg4", "exact", "cgroup_sock_addr", "cgroup_udp4_sendmsg"],
	["cgroup/sendmsg6", "exact", "cgroup_sock_addr", "cgroup_udp6_sendmsg"],
	["cgroup/recvmsg4", "exact", "cgroup_sock_addr", "cgroup_udp4_recvmsg"],
	["cgroup/recvmsg6", "exact", "cgroup_sock_addr", "cgroup_udp6_recvmsg"],
	["cgroup/getpeername4", "exact", "cgroup_sock_addr", "cgroup_inet4_getpeername"],
	["cgroup/getpeername6", "exact", "cgroup_sock_addr", "cgroup_inet6_getpeername"],
	["cgroup/getsockname4", "exact", "cgroup_sock_addr", "cgroup_inet4_getsockname"],
	["cgroup/getsockname6", "exact", "cgroup_sock_addr", "cgroup_inet6_getsockname"],
	["cgroup/post_bind4", "exact", "cgroup_sock", "cgroup_inet4_post_bind"],
	["cgroup/post_bind6", "exact", "cgroup_sock", "cgroup_inet6_post_bind"],
	["cgroup/sock_create", "exact", "cgroup_sock", "cgroup_inet_sock_create"],
	["cgroup/sock_release", "exact", "cgroup_sock", "cgroup_inet_sock_release"],
	["cgroup/sock", "exact", "cgroup_sock", "cgroup_inet_sock_create"],
	["cgroup_skb/ingress", "exact", "cgroup_skb", "cgroup_inet_ingress"],
	["cgroup_skb/egress", "exact", "cgroup_skb", "cgroup_inet_egress"],
	["cgroup/skb", "exact", "cgroup_skb"],
	["cgroup/dev", "exact", "cgroup_device", "cgroup_device"],
	["cgroup/sysctl", "exact", "cgroup_sysctl", "cgroup_sysctl"],
	["cgroup/getsockopt", "exact", "cgroup_sockopt", "cgroup_getsockopt"],
	["cgroup/setsockopt", "exact", "cgroup_sockopt", "cgroup_setsockopt"],
	["sockops", "exact", "sock_ops", "cgroup_sock_ops"],
	["sk_skb/stream_parser", "exact", "sk_skb", "sk_skb_stream_parser"],
	["sk_skb/stream_verdict", "exact", "sk_skb", "sk_skb_stream_verdict"],
	["sk_skb/verdict", "exact", "sk_skb", "sk_skb_verdict"],
	["sk_skb", "exact", "sk_skb"],
	["sk_msg", "exact", "sk_msg", "sk_msg_verdict"],
	["sk_lookup", "prefix", "sk_lookup", "sk_lookup"],
	["sk_reuseport/migrate", "exact", "sk_reuseport", "sk_reuseport_select_or_migrate"],
	["sk_reuseport", "exact", "sk_reuseport", "sk_reuseport_select"],
	["flow_dissector", "exact", "flow_dissector", "flow_dissector"],
	["socket", "prefix", "socket_filter"],
	["lwt_in", "exact", "lwt_in"],
	["lwt_out", "exact", "lwt_out"],
	["lwt_xmit", "exact", "lwt_xmit"],
	["lwt_seg6local", "exact", "lwt_seg6local"],
	["lirc_mode2", "exact", "lirc_mode2", "lirc_mode2"],
	["kprobe.multi", "prefix", "kprobe", "trace_kprobe_multi"],
	["kretprobe.multi", "prefix", "kprobe", "trace_kprobe_multi"],
	["kprobe", "prefix", "kprobe"],
	["kretprobe", "prefix", "kprobe"],
	["ksyscall", "prefix", "kprobe"],
	["kretsyscall", "prefix", "kprobe"],
	["uprobe.s", "prefix", "kprobe"],
	["uretprobe.s", "prefix", "kprobe"],
	["uprobe", "prefix", "kprobe"],
	["uretprobe", "prefix", "kprobe"],
	["usdt", "prefix", "kprobe"],
	["tracepoint", "prefix", "tracepoint"],
	["tp", "prefix", "tracepoint"],
	["raw_tracepoint.w", "prefix", "raw_tracepoint_writable"],
	["raw_tp.w", "prefix", "raw_tracepoint_writable"],
	["raw_tracepoint", "prefix", "raw_tracepoint"],
	["raw_tp", "prefix", "raw_tracepoint"],
	["tp_btf", "prefix", "tracing", "trace_raw_tp"],
	["fentry.s", "prefix", "tracing", "trace_fentry"],
	["fentry", "prefix", "tracing", "trace_fentry"],
	["fexit.s", "prefix", "tracing", "trace_fexit"],
	["fexit", "prefix", "tracing", "trace_fexit"],
	["fmod_ret.s", "prefix", "tracing", "modify_return"],
	["fmod_ret", "prefix", "tracing", "modify_return"],
	["iter.s", "prefix", "tracing", "trace_iter"],
	["iter", "prefix", "tracing", "trace_iter"],
	["freplace", "prefix", "ext"],
	["lsm_cgroup", "prefix", "lsm", "lsm_cgroup"],
	["lsm.s", "prefix", "lsm", "lsm_mac"],
	["lsm", "prefix", "lsm", "lsm_mac"],
	["struct_ops.s", "prefix", "struct_ops"],
	["struct_ops", "prefix", "struct_ops"],
	["perf_event", "exact", "perf_event"],
	["syscall", "exact", "syscall"],
];

/** Program and attach type that a section's name asks for; `unspec` for a name that means nothing. */
export function sectionMeaning(section: string): SectionMeaning {
	for (const [name, match, type, attachType] of rows) {
		if (section === name || (match === "prefix" && section.startsWith(`${name}/`))) {
			return attachType === undefined ? { type } : { type, attachType };
		}
	}
	return { type: "unspec" };
}
