/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Make the checksum of an SCTP packet right after its ports have changed, without reading the packet.
 *
 * CRC32c is linear: the sum changes by the CRC of the changed bits with everything after them zero. Zeros are
 * appended by a multiplication with x^(8n) modulo the polynomial, in as many steps as n has bits.
 */
#ifndef KPROXY_LIB_SCTP_H
#define KPROXY_LIB_SCTP_H

#include "packet.h"

#define CRC32C_POLYNOMIAL 0x82f63b78 /* bits reversed */
#define POLYNOMIAL_ONE 0x80000000
#define SCTP_CHECKSUM 8 /* offset in the header */
#define LENGTH_BITS 16

/* x^(8 * 2^i) modulo the polynomial, bits reversed. */
static const __u32 zero_bytes[LENGTH_BITS] = {
	0x00800000, 0x00008000, 0x82f63b78, 0x6ea2d55c, 0x18b8ea18, 0x510ac59a, 0xb82be955, 0xb8fdb1e7,
	0x88e56f72, 0x74c360a4, 0xe4172b16, 0x0d65762a, 0x35d73a62, 0x28461564, 0xbf455269, 0xe2ea32dc,
};

/*
 * Product of two polynomials modulo CRC32c's, bits reversed. Without branches, which the verifier would
 * follow, and a function of its own, which it walks once.
 */
__attribute__((noinline)) __u32 multiply(__u32 a, __u32 b)
{
	__u32 product = 0;

	for (int i = 0; i < 32; i++) {
		product ^= b & -(a >> 31);
		a <<= 1;
		b = b >> 1 ^ (CRC32C_POLYNOMIAL & -(b & 1));
	}
	return product;
}

/* The CRC of `word`, as it lies in memory, with `zeros` zero bytes after it. A function of its own, for the
 * verifier. */
__attribute__((noinline)) __u32 crc_of_change(__u32 word, __u32 zeros)
{
	__u32 crc = word;

	for (int i = 0; i < 32; i++)
		crc = crc >> 1 ^ (CRC32C_POLYNOMIAL & -(crc & 1));
	for (__u32 i = 0; i < LENGTH_BITS; i++) {
		__u32 wanted = -(zeros >> i & 1);

		crc = multiply((zero_bytes[i] & wanted) | (POLYNOMIAL_ONE & ~wanted), crc);
	}
	return crc;
}

/* Returns 0 or BAD_PACKET. The ports have been written; they are the first word of the header. */
static __always_inline enum reason fix_sctp(struct __sk_buff *skb, const struct packet *packet,
					    const struct flow *to)
{
	__u32 before = packet->flow.source_port | (__u32)packet->flow.destination_port << 16;
	__u32 after = to->source_port | (__u32)to->destination_port << 16;
	__u32 field = packet->transport + SCTP_CHECKSUM;
	__u32 end = packet_end(skb, packet);
	__u32 check;

	/* The sum is over the whole packet, whose length its first fragment does not tell. */
	if (packet->fragmented || end < packet->transport + 12 ||
	    bpf_skb_load_bytes(skb, field, &check, sizeof(check)))
		return REASON_BAD_PACKET;
	check ^= crc_of_change(before ^ after, end - packet->transport - sizeof(before));
	bpf_skb_store_bytes(skb, field, &check, sizeof(check), 0);
	return 0;
}

#endif
