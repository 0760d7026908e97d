/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Compare addresses. IPv4 is ::ffff:a.b.c.d everywhere, so there is one family to compare. */
#ifndef KPROXY_LIB_ADDRESS_H
#define KPROXY_LIB_ADDRESS_H

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "../types.h"

static __always_inline struct in6_addr map_ipv4(__be32 address)
{
	return (struct in6_addr){.s6_addr32 = {0, 0, bpf_htonl(0xffff), address}};
}

static __always_inline bool is_mapped(const struct in6_addr *address)
{
	return !address->s6_addr32[0] && !address->s6_addr32[1] && address->s6_addr32[2] == bpf_htonl(0xffff);
}

/* Is it any but :: ? */
static __always_inline bool is_set(const struct in6_addr *address)
{
	return address->s6_addr32[0] || address->s6_addr32[1] || address->s6_addr32[2] ||
	       address->s6_addr32[3];
}

static __always_inline bool same_address(const struct in6_addr *a, const struct in6_addr *b)
{
	return a->s6_addr32[0] == b->s6_addr32[0] && a->s6_addr32[1] == b->s6_addr32[1] &&
	       a->s6_addr32[2] == b->s6_addr32[2] && a->s6_addr32[3] == b->s6_addr32[3];
}

static __always_inline bool same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && same_address(&a->address, &b->address);
}

/* 32 bits of an address. Two that differ in a single word never share a digest; others do once in 2^32. */
static __always_inline __u32 digest(const struct in6_addr *address)
{
	return address->s6_addr32[0] * 0x9e3779b1 ^ address->s6_addr32[1] * 0x85ebca77 ^
	       address->s6_addr32[2] * 0xc2b2ae3d ^ address->s6_addr32[3];
}

#endif
