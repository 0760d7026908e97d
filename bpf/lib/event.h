/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Write down what is refused, for people to read. */
#ifndef KPROXY_LIB_EVENT_H
#define KPROXY_LIB_EVENT_H

#include "../maps.h"
#include "../reasons.h"
#include "clock.h"

/* Keeps what is written in one order: a reader that finds the same sequence twice has read one event. */
#define WRITTEN() __asm__ volatile("" ::: "memory")

/* Whether this second still has room. */
static __always_inline bool has_room(struct event_head *head, __u64 now)
{
	if (now - head->second_ns >= SECOND_NS) {
		head->second_ns = now;
		head->in_second = 0;
	}
	if (head->in_second >= EVENTS_A_SECOND) {
		head->left_out++;
		return false;
	}
	head->in_second++;
	return true;
}

/* The cell for the next event, with its time and all else 0; NULL where it is not to be noted. */
static __always_inline struct event *begin_event(struct event_head **head)
{
	struct event *event;
	__u32 index = 0;
	__u64 now;

	*head = bpf_map_lookup_elem(&event_heads, &index);
	if (!*head)
		return NULL;
	now = now_ns();
	if (!has_room(*head, now))
		return NULL;
	index = (*head)->written & (EVENTS - 1);
	event = bpf_map_lookup_elem(&events, &index);
	if (!event)
		return NULL;
	event->sequence = 0;
	WRITTEN();
	__builtin_memset(event, 0, sizeof(*event));
	event->at_ns = now;
	return event;
}

static __always_inline void end_event(struct event_head *head, struct event *event)
{
	WRITTEN();
	event->sequence = ++head->written;
}

#endif
