/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Write an address at a socket hook. */
#ifndef KPROXY_LIB_REWRITE_H
#define KPROXY_LIB_REWRITE_H

#include <linux/bpf.h>

#include "parse.h"

static __always_inline void rewrite_endpoint(struct bpf_sock_addr *ctx, enum family family,
					     const struct endpoint *endpoint)
{
	if (family == FAMILY_IPV4) {
		ctx->user_ip4 = endpoint->address.s6_addr32[3];
	} else {
		ctx->user_ip6[0] = endpoint->address.s6_addr32[0];
		ctx->user_ip6[1] = endpoint->address.s6_addr32[1];
		ctx->user_ip6[2] = endpoint->address.s6_addr32[2];
		ctx->user_ip6[3] = endpoint->address.s6_addr32[3];
	}
	ctx->user_port = endpoint->port;
}

#endif
