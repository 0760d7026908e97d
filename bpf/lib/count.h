/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Count an outcome. */
#ifndef KPROXY_LIB_COUNT_H
#define KPROXY_LIB_COUNT_H

#include "../maps.h"

static __always_inline void count_packet(enum reason reason, enum hook hook, enum direction direction,
					 __u32 bytes)
{
	__u32 index = ((__u32)reason * HOOK_COUNT + hook) * DIRECTION_COUNT + direction;
	struct counter *counter = bpf_map_lookup_elem(&counters, &index);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += bytes;
}

/* At a socket hook, which sees no bytes. */
static __always_inline void count(enum reason reason, enum hook hook, enum direction direction)
{
	count_packet(reason, hook, direction, 0);
}

#endif
