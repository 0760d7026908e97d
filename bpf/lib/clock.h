/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Tell the time, on CLOCK_MONOTONIC. */
#ifndef KPROXY_LIB_CLOCK_H
#define KPROXY_LIB_CLOCK_H

#include "../config.h"

#define SECOND_NS 1000000000ULL

static __always_inline __u64 now_ns(void)
{
	return coarse_clock ? bpf_ktime_get_coarse_ns() : bpf_ktime_get_ns();
}

/* Notes when something was last seen. Once a second is enough, and leaves the cache line alone in between. */
static __always_inline void touch(__u64 *seen_ns, __u64 now)
{
	if (now - *seen_ns >= SECOND_NS)
		*seen_ns = now;
}

#endif
