/**
 * The kernel's numbers for program, map, attach and link types, and our names for them: the constant's name in
 * `linux/bpf.h` without its prefix, in lower case. The index is the number. One table, used by every layer.
 */

const programTypes = [
	"unspec",
	"socket_filter",
	"kprobe",
	"sched_cls",
	"sched_act",
	"tracepoint",
	"xdp",
	"perf_event",
	"cgroup_skb",
	"cgroup_sock",
	"lwt_in",
	"lwt_out",
	"lwt_xmit",
	"sock_ops",
	"sk_skb",
	"cgroup_device",
	"sk_msg",
	"raw_tracepoint",
	"cgroup_sock_addr",
	"lwt_seg6local",
	"lirc_mode2",
	"sk_reuseport",
	"flow_dissector",
	"cgroup_sysctl",
	"raw_tracepoint_writable",
	"cgroup_sockopt",
	"tracing",
	"struct_ops",
	"ext",
	"lsm",
	"sk_lookup",
	"syscall",
	"netfilter",
] as const;

const mapTypes = [
	"unspec",
	"hash",
	"array",
	"prog_array",
	"perf_event_array",
	"percpu_hash",
	"percpu_array",
	"stack_trace",
	"cgroup_array",
	"lru_hash",
	"lru_percpu_hash",
	"lpm_trie",
	"array_of_maps",
	"hash_of_maps",
	"devmap",
	"sockmap",
	"cpumap",
	"xskmap",
	"sockhash",
	"cgroup_storage",
	"reuseport_sockarray",
	"percpu_cgroup_storage",
	"queue",
	"stack",
	"sk_storage",
	"devmap_hash",
	"struct_ops",
	"ringbuf",
	"inode_storage",
	"task_storage",
	"bloom_filter",
	"user_ringbuf",
	"cgrp_storage",
	"arena",
] as const;

const attachTypes = [
	"cgroup_inet_ingress",
	"cgroup_inet_egress",
	"cgroup_inet_sock_create",
	"cgroup_sock_ops",
	"sk_skb_stream_parser",
	"sk_skb_stream_verdict",
	"cgroup_device",
	"sk_msg_verdict",
	"cgroup_inet4_bind",
	"cgroup_inet6_bind",
	"cgroup_inet4_connect",
	"cgroup_inet6_connect",
	"cgroup_inet4_post_bind",
	"cgroup_inet6_post_bind",
	"cgroup_udp4_sendmsg",
	"cgroup_udp6_sendmsg",
	"lirc_mode2",
	"flow_dissector",
	"cgroup_sysctl",
	"cgroup_udp4_recvmsg",
	"cgroup_udp6_recvmsg",
	"cgroup_getsockopt",
	"cgroup_setsockopt",
	"trace_raw_tp",
	"trace_fentry",
	"trace_fexit",
	"modify_return",
	"lsm_mac",
	"trace_iter",
	"cgroup_inet4_getpeername",
	"cgroup_inet6_getpeername",
	"cgroup_inet4_getsockname",
	"cgroup_inet6_getsockname",
	"xdp_devmap",
	"cgroup_inet_sock_release",
	"xdp_cpumap",
	"sk_lookup",
	"xdp",
	"sk_skb_verdict",
	"sk_reuseport_select",
	"sk_reuseport_select_or_migrate",
	"perf_event",
	"trace_kprobe_multi",
	"lsm_cgroup",
	"struct_ops",
	"netfilter",
	"tcx_ingress",
	"tcx_egress",
	"trace_uprobe_multi",
	"cgroup_unix_connect",
	"cgroup_unix_sendmsg",
	"cgroup_unix_recvmsg",
	"cgroup_unix_getpeername",
	"cgroup_unix_getsockname",
	"netkit_primary",
	"netkit_peer",
	"trace_kprobe_session",
	"trace_uprobe_session",
] as const;

const linkTypes = [
	"unspec",
	"raw_tracepoint",
	"tracing",
	"cgroup",
	"iter",
	"netns",
	"xdp",
	"perf_event",
	"kprobe_multi",
	"struct_ops",
	"netfilter",
	"tcx",
	"uprobe_multi",
	"netkit",
	"sockmap",
] as const;

/** Kind of program, as in `cgroup_sock_addr` for `BPF_PROG_TYPE_CGROUP_SOCK_ADDR`. */
export type ProgramType = (typeof programTypes)[number];
/** Kind of map, as in `lru_hash` for `BPF_MAP_TYPE_LRU_HASH`. */
export type MapType = (typeof mapTypes)[number];
/** Where a program goes, as in `cgroup_inet4_connect` for `BPF_CGROUP_INET4_CONNECT`. */
export type AttachType = (typeof attachTypes)[number];
/** Kind of link, as in `tcx` for `BPF_LINK_TYPE_TCX`. */
export type LinkType = (typeof linkTypes)[number];

/** Names by number; a kernel newer than this table gives `undefined`. */
export const kernelNames = { programTypes, mapTypes, attachTypes, linkTypes } as const;

const numbersOf = <Name extends string>(names: readonly Name[]): ReadonlyMap<string, number> =>
	new Map(names.map((name, number) => [name, number]));

const programTypeNumbers = numbersOf(programTypes);
const mapTypeNumbers = numbersOf(mapTypes);
const attachTypeNumbers = numbersOf(attachTypes);

/** The kernel's number of a program type. */
export const programTypeNumber = (type: ProgramType): number => programTypeNumbers.get(type) ?? 0;
/** The kernel's number of a map type. */
export const mapTypeNumber = (type: MapType): number => mapTypeNumbers.get(type) ?? 0;
/** The kernel's number of an attach type. */
export const attachTypeNumber = (type: AttachType): number => attachTypeNumbers.get(type) ?? 0;
/** Name of a program type's number; `unspec` where this table is older than the kernel. */
export const programTypeName = (number: number): ProgramType => programTypes[number] ?? "unspec";
/** Name of a map type's number; `unspec` where this table is older than the kernel. */
export const mapTypeName = (number: number): MapType => mapTypes[number] ?? "unspec";
/** Name of a link type's number; `unspec` where this table is older than the kernel. */
export const linkTypeName = (number: number): LinkType => linkTypes[number] ?? "unspec";
/** Name of an attach type's number; undefined where this table is older than the kernel. */
export const attachTypeName = (number: number): AttachType | undefined => attachTypes[number];
