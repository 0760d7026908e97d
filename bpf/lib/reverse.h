/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Remember what a socket dialled, and recall it when the socket asks who its peer is.
 *
 * A connected socket has one peer: its record lies in sock_peers, where the cookie itself says which cache
 * line. Cookies are given out in sequence, so a set is written again only after as many newer sockets as
 * there are sets, and then the record used last stays. An unconnected UDP socket has as many peers as it
 * likes: those are in sock_reverse. Why not one map for both: kproxy/docs/decisions.md, "What a connect
 * remembers".
 *
 * The kernel runs one hook of a socket at a time, but sockets that share a set may meet in it on two CPUs. A
 * writer therefore takes the cookie away first and puts it back last, and a reader looks at it twice.
 */
#ifndef KPROXY_LIB_REVERSE_H
#define KPROXY_LIB_REVERSE_H

#include "../maps.h"
#include "address.h"

static __always_inline struct peer_set *peer_set(__u64 cookie)
{
	__u32 index = cookie & (PEER_SETS - 1);

	return bpf_map_lookup_elem(&sock_peers, &index);
}

static __always_inline void write_peer(struct peer *to, const struct peer *from)
{
	to->cookie = 0;
	barrier();
	to->frontend_address = from->frontend_address;
	to->frontend_port = from->frontend_port;
	to->backend_port = from->backend_port;
	to->backend_digest = from->backend_digest;
	barrier();
	to->cookie = from->cookie;
}

static __always_inline void remember_peer(__u64 cookie, const struct endpoint *frontend,
					  const struct endpoint *backend)
{
	struct peer_set *set = peer_set(cookie);
	struct peer peer = {
		.cookie = cookie,
		.frontend_address = frontend->address,
		.frontend_port = frontend->port,
		.backend_port = backend->port,
		.backend_digest = digest(&backend->address),
	};

	if (!set)
		return;
	if (set->way[0].cookie && set->way[0].cookie != cookie)
		write_peer(&set->way[1], &set->way[0]);
	write_peer(&set->way[0], &peer);
}

/* The socket dials what is no frontend: what it dialled before must not be shown any more. */
static __always_inline void forget_peer(__u64 cookie)
{
	struct peer_set *set = peer_set(cookie);

	if (!set)
		return;
	if (set->way[0].cookie == cookie)
		set->way[0].cookie = 0;
	if (set->way[1].cookie == cookie)
		set->way[1].cookie = 0;
}

/* Returns 0, or NOT_REMEMBERED. Moves the record to the front, so that who asks often is kept longest. */
static __always_inline enum reason recall_peer(__u64 cookie, const struct in6_addr *backend,
					       struct peer *peer)
{
	struct peer_set *set = peer_set(cookie);
	struct peer *way;
	bool second;

	if (!set)
		return REASON_NOT_REMEMBERED;
	second = set->way[0].cookie != cookie;
	way = second ? &set->way[1] : &set->way[0];
	*peer = *way;
	barrier();
	if (peer->cookie != cookie || way->cookie != cookie || peer->backend_digest != digest(backend))
		return REASON_NOT_REMEMBERED;
	if (second) { /* not `way == ...`: to compare pointers takes CAP_PERFMON */
		write_peer(&set->way[1], &set->way[0]);
		write_peer(&set->way[0], peer);
	}
	return 0;
}

/* Writes only what changed: an update of an LRU map costs 230 ns and more, a look-up 40. */
static __always_inline void remember_sent(__u64 cookie, const struct endpoint *frontend,
					  const struct endpoint *backend)
{
	struct reverse_key key = {.cookie = cookie, .backend = *backend};
	const struct endpoint *known = bpf_map_lookup_elem(&sock_reverse, &key);

	if (!known || !same_endpoint(known, frontend))
		bpf_map_update_elem(&sock_reverse, &key, frontend, BPF_ANY);
}

/* The socket sends to this backend itself: the replies are no longer a frontend's. */
static __always_inline void forget_sent(__u64 cookie, const struct endpoint *backend)
{
	struct reverse_key key = {.cookie = cookie, .backend = *backend};

	if (bpf_map_lookup_elem(&sock_reverse, &key))
		bpf_map_delete_elem(&sock_reverse, &key);
}

/* Returns 0, or NOT_REMEMBERED. */
static __always_inline enum reason recall_sent(__u64 cookie, const struct endpoint *backend,
					       struct endpoint *frontend)
{
	struct reverse_key key = {.cookie = cookie, .backend = *backend};
	const struct endpoint *known = bpf_map_lookup_elem(&sock_reverse, &key);

	if (!known)
		return REASON_NOT_REMEMBERED;
	*frontend = *known;
	return 0;
}

#endif
