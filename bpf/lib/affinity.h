/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Keep a client with its backend: one way for all hooks. */
#ifndef KPROXY_LIB_AFFINITY_H
#define KPROXY_LIB_AFFINITY_H

#include "backend.h"
#include "clock.h"

/* A socket has no source address yet when it dials, so its client is its network namespace. */
static __always_inline struct in6_addr namespace_client(__u64 netns_cookie)
{
	return (struct in6_addr){
		.s6_addr32 = {0, 0, bpf_htonl(netns_cookie >> 32), bpf_htonl((__u32)netns_cookie)}};
}

/* False: the client has no backend here, or not any more. */
static __always_inline bool recall_affinity(const struct frontend *frontend, const struct slot_range *range,
					    const struct in6_addr *client, struct choice *choice)
{
	struct affinity_key key = {.client = *client, .service = frontend->service};
	struct affinity *known = bpf_map_lookup_elem(&svc_affinity, &key);
	const struct backend *backend;
	__u64 now = now_ns();

	if (!known || now - known->seen_ns > frontend->affinity_timeout_s * SECOND_NS)
		return false;
	backend = find_kept(known->backend, known->reuse);
	if (!backend || !is_still_in(range, known->backend, &known->slot))
		return false;
	take_backend(choice, backend, known->backend);
	touch(&known->seen_ns, now);
	return true;
}

static __always_inline void remember_affinity(const struct frontend *frontend, const struct in6_addr *client,
					      const struct choice *choice)
{
	struct affinity_key key = {.client = *client, .service = frontend->service};
	struct affinity affinity = {
		.seen_ns = now_ns(),
		.backend = choice->number,
		.slot = choice->slot,
		.reuse = choice->reuse,
	};

	bpf_map_update_elem(&svc_affinity, &key, &affinity, BPF_ANY);
}

/* The backend for a new flow. Returns as pick_backend. */
static __always_inline enum reason choose_backend(const struct frontend *frontend,
						  const struct slot_range *range,
						  const struct in6_addr *client, __u32 chance, bool mapped,
						  struct choice *choice)
{
	enum reason reason;

	if (!frontend->affinity_timeout_s)
		return pick_backend(range, chance, mapped, choice);
	if (range->count && recall_affinity(frontend, range, client, choice))
		return 0;
	reason = pick_backend(range, chance, mapped, choice);
	if (!reason)
		remember_affinity(frontend, client, choice);
	return reason;
}

#endif
