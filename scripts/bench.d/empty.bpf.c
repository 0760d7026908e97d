// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What a hook costs by itself: the program that connects are measured beside. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("cgroup/connect4")
int empty_connect4(struct bpf_sock_addr *ctx)
{
	(void)ctx;
	return 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
