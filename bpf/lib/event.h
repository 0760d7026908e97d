/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Write down a packet that is refused, for people to read. */
#ifndef KPROXY_LIB_EVENT_H
#define KPROXY_LIB_EVENT_H

#include "clock.h"
#include "packet.h"

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

/* The set that policy has refused the packet by; 0: it was not policy. */
static __always_inline __u32 refusing_set(enum reason reason)
{
	const struct judgement *about;
	__u32 only = 0;

	if (reason != REASON_POLICY_EGRESS && reason != REASON_POLICY_INGRESS)
		return 0;
	about = bpf_map_lookup_elem(&judging, &only);
	return about ? about->policy_set : 0;
}

static __always_inline void note_refused(struct __sk_buff *skb, const struct packet *packet,
					 enum reason reason, enum hook hook, enum direction direction)
{
	struct event_head *head;
	struct event *event;
	__u32 index = 0;
	__u64 now;

	head = bpf_map_lookup_elem(&event_heads, &index);
	if (!head)
		return;
	now = now_ns();
	if (!has_room(head, now))
		return;
	index = head->written & (EVENTS - 1);
	event = bpf_map_lookup_elem(&events, &index);
	if (!event)
		return;
	event->sequence = 0;
	WRITTEN();
	event->at_ns = now;
	event->flow = packet->flow;
	event->ifindex = skb->ifindex;
	event->policy_set = refusing_set(reason);
	event->length = skb->len;
	event->reason = reason;
	event->hook = hook;
	event->direction = direction;
	WRITTEN();
	event->sequence = ++head->written;
}

#endif
