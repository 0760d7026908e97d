import type { AttachType, ProgramType } from "../kernel-names.ts";

/**
 * The attach types that can be probed without attaching anything, and the program type that goes there. Not `xdp`:
 * for a device that does not exist the kernel says EINVAL, as it does where it has no XDP links.
 */
export const attachPrograms = {
	cgroup_inet_ingress: "cgroup_skb",
	cgroup_inet_egress: "cgroup_skb",
	cgroup_inet_sock_create: "cgroup_sock",
	cgroup_inet_sock_release: "cgroup_sock",
	cgroup_inet4_post_bind: "cgroup_sock",
	cgroup_inet6_post_bind: "cgroup_sock",
	cgroup_sock_ops: "sock_ops",
	cgroup_device: "cgroup_device",
	cgroup_sysctl: "cgroup_sysctl",
	cgroup_getsockopt: "cgroup_sockopt",
	cgroup_setsockopt: "cgroup_sockopt",
	cgroup_inet4_bind: "cgroup_sock_addr",
	cgroup_inet6_bind: "cgroup_sock_addr",
	cgroup_inet4_connect: "cgroup_sock_addr",
	cgroup_inet6_connect: "cgroup_sock_addr",
	cgroup_udp4_sendmsg: "cgroup_sock_addr",
	cgroup_udp6_sendmsg: "cgroup_sock_addr",
	cgroup_udp4_recvmsg: "cgroup_sock_addr",
	cgroup_udp6_recvmsg: "cgroup_sock_addr",
	cgroup_inet4_getpeername: "cgroup_sock_addr",
	cgroup_inet6_getpeername: "cgroup_sock_addr",
	cgroup_inet4_getsockname: "cgroup_sock_addr",
	cgroup_inet6_getsockname: "cgroup_sock_addr",
	cgroup_unix_connect: "cgroup_sock_addr",
	cgroup_unix_sendmsg: "cgroup_sock_addr",
	cgroup_unix_recvmsg: "cgroup_sock_addr",
	cgroup_unix_getpeername: "cgroup_sock_addr",
	cgroup_unix_getsockname: "cgroup_sock_addr",
	sk_skb_stream_parser: "sk_skb",
	sk_skb_stream_verdict: "sk_skb",
	sk_skb_verdict: "sk_skb",
	sk_msg_verdict: "sk_msg",
	tcx_ingress: "sched_cls",
	tcx_egress: "sched_cls",
	netkit_primary: "sched_cls",
	netkit_peer: "sched_cls",
} as const satisfies Partial<Record<AttachType, ProgramType>>;

/** An attach type that `probe().attachType` can answer for. */
export type ProbedAttachType = keyof typeof attachPrograms;

/** True for attach types in the table. */
export const isProbed = (type: AttachType): type is ProbedAttachType => type in attachPrograms;
