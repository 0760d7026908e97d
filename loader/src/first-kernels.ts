/**
 * First mainline kernel of what a caller may miss on an older one, by our names of types. Only for messages: whether a
 * kernel has something is asked of the kernel (`probe`), as distributions backport and configurations leave out.
 */
const firstKernels: Readonly<Record<string, string>> = {
	"program type sk_lookup": "5.9",
	"program type syscall": "5.14",
	"program type netfilter": "6.4",
	"map type ringbuf": "5.8",
	"map type inode_storage": "5.10",
	"map type task_storage": "5.11",
	"map type bloom_filter": "5.16",
	"map type user_ringbuf": "6.1",
	"map type cgrp_storage": "6.2",
	"map type arena": "6.9",
	"attach type cgroup_inet4_getpeername": "5.8",
	"attach type cgroup_inet6_getpeername": "5.8",
	"attach type cgroup_inet_sock_release": "5.9",
	"attach type sk_skb_verdict": "5.13",
	"attach type cgroup_unix_connect": "6.7",
	"attach type netkit_primary": "6.7",
	tcx: "6.6",
};

/** First mainline kernel that has a feature, as in `6.6`; undefined where it is older than 5.8 or unknown here. */
export const firstKernelOf = (feature: string): string | undefined => firstKernels[feature];
