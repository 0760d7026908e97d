// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Tell a process the cookie of its network namespace: below Linux 5.14 no socket option does. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "types.h"

const volatile __u32 asking_process DOC("Id of the process that opens a socket to ask.") = 0;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} netns_cookie SEC(".maps") DOC("The answer; 0: none yet.");

/* Hook: a socket is opened by a process of the cgroup. Maps written: netns_cookie. Always lets it go on. */
SEC("cgroup/sock_create")
int note_netns(struct bpf_sock *ctx)
{
	__u32 only = 0;
	__u64 cookie;

	if (bpf_get_current_pid_tgid() >> 32 == asking_process) {
		cookie = bpf_get_netns_cookie(ctx);
		bpf_map_update_elem(&netns_cookie, &only, &cookie, BPF_ANY);
	}
	return 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
