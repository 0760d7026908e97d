/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Read what a socket hook is about. `family` is constant in each program, which leaves one branch of two. */
#ifndef KPROXY_LIB_PARSE_H
#define KPROXY_LIB_PARSE_H

#include "../reasons.h"
#include "address.h"

enum family { FAMILY_IPV4, FAMILY_IPV6 };

/* Returns 0, or OTHER_PROTOCOL. */
static __always_inline enum reason parse_endpoint(struct bpf_sock_addr *ctx, enum family family,
						  struct endpoint *endpoint)
{
	if (ctx->protocol != PROTOCOL_TCP && ctx->protocol != PROTOCOL_UDP)
		return REASON_OTHER_PROTOCOL;
	if (family == FAMILY_IPV4) {
		endpoint->address = map_ipv4(ctx->user_ip4);
	} else {
		endpoint->address.s6_addr32[0] = ctx->user_ip6[0];
		endpoint->address.s6_addr32[1] = ctx->user_ip6[1];
		endpoint->address.s6_addr32[2] = ctx->user_ip6[2];
		endpoint->address.s6_addr32[3] = ctx->user_ip6[3];
	}
	endpoint->port = ctx->user_port;
	endpoint->reserved = 0;
	return 0;
}

/* Where a connected socket sends to; without the port, which older kernels give in another shape. */
static __always_inline struct in6_addr parse_peer(struct bpf_sock_addr *ctx, enum family family)
{
	struct bpf_sock *sk = ctx->sk;

	if (family == FAMILY_IPV4)
		return map_ipv4(sk->dst_ip4);
	return (struct in6_addr){
		.s6_addr32 = {sk->dst_ip6[0], sk->dst_ip6[1], sk->dst_ip6[2], sk->dst_ip6[3]}};
}

static __always_inline bool is_connected(struct bpf_sock_addr *ctx)
{
	return ctx->sk->state == BPF_TCP_ESTABLISHED;
}

#endif
