/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Internet checksums by difference (RFC 1624): what went out of the sum, and what came in. */
#ifndef KPROXY_LIB_CSUM_H
#define KPROXY_LIB_CSUM_H

#include <linux/in6.h>
#include <linux/types.h>

/* A difference in the making: 64 bits hold the carries of more words than any packet has. */
typedef __u64 csum_diff;

static __always_inline csum_diff diff_word(csum_diff diff, __u32 from, __u32 to)
{
	return diff + (__u32)~from + to;
}

static __always_inline csum_diff diff_address(csum_diff diff, const struct in6_addr *from,
					      const struct in6_addr *to)
{
	diff = diff_word(diff, from->s6_addr32[0], to->s6_addr32[0]);
	diff = diff_word(diff, from->s6_addr32[1], to->s6_addr32[1]);
	diff = diff_word(diff, from->s6_addr32[2], to->s6_addr32[2]);
	return diff_word(diff, from->s6_addr32[3], to->s6_addr32[3]);
}

/* As the helpers take it. */
static __always_inline __u32 fold32(csum_diff diff)
{
	diff = (diff & 0xffffffff) + (diff >> 32);
	return (diff & 0xffffffff) + (diff >> 32);
}

static __always_inline __u16 fold16(csum_diff diff)
{
	__u32 sum = fold32(diff);

	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* The checksum field after the difference. */
static __always_inline __u16 csum_after(__u16 check, csum_diff diff)
{
	return ~fold16((__u16)~check + (csum_diff)fold32(diff));
}

#endif
