/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Turn a packet into its own rejection, to be sent back by the device that it came from: a TCP RST, or ICMP
 * port unreachable. Only of packets without IP options, and never of a rejection.
 */
#ifndef KPROXY_LIB_REJECT_H
#define KPROXY_LIB_REJECT_H

#include <linux/udp.h>
#include <stddef.h>

#include "csum.h"
#include "packet.h"

#define REJECT_TTL 64
#define INNER4 (sizeof(struct iphdr) + 8)
#define INNER6 (sizeof(struct ipv6hdr) + 8)

/* Sum of `size` bytes, a multiple of 4, on the stack. */
static __always_inline csum_diff sum_words(const void *words, __u32 size)
{
	csum_diff sum = 0;

#pragma unroll
	for (__u32 i = 0; i < size / 4; i++)
		sum += ((const __u32 *)words)[i];
	return sum;
}

static __always_inline csum_diff sum_pseudo(const struct flow *flow, __u8 protocol, __u16 length)
{
	return sum_words(&flow->source, sizeof(flow->source)) +
	       sum_words(&flow->destination, sizeof(flow->destination)) + bpf_htons(protocol) +
	       bpf_htons(length);
}

static __always_inline csum_diff sum_pseudo4(const struct flow *flow, __u8 protocol, __u16 length)
{
	return (csum_diff)flow->source.s6_addr32[3] + flow->destination.s6_addr32[3] + bpf_htons(protocol) +
	       bpf_htons(length);
}

/* Does the device have yet to finish the transport sum? Then the helper leaves the field alone, else it
 * changes. */
static __always_inline bool is_partial(struct __sk_buff *skb, __u32 field)
{
	__u16 before = 0, after = 0;

	if (bpf_skb_load_bytes(skb, field, &before, sizeof(before)))
		return false;
	bpf_l4_csum_replace(skb, field, 0, 1, 0);
	if (bpf_skb_load_bytes(skb, field, &after, sizeof(after)))
		return false;
	bpf_skb_store_bytes(skb, field, &before, sizeof(before), 0);
	return before == after;
}

static __always_inline void swap_link_addresses(struct __sk_buff *skb)
{
	__u8 ends[2 * ETH_ALEN];

	if (bpf_skb_load_bytes(skb, 0, ends, sizeof(ends)))
		return;
	bpf_skb_store_bytes(skb, 0, ends + ETH_ALEN, ETH_ALEN, 0);
	bpf_skb_store_bytes(skb, ETH_ALEN, ends, ETH_ALEN, 0);
}

/* The header in front of a rejection, from the frontend to the client; `length` is what follows it. */
static __always_inline void write_header4(struct __sk_buff *skb, const struct flow *flow, __u8 protocol,
					  __u16 length)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = bpf_htons(sizeof(ip) + length),
		.frag_off = bpf_htons(0x4000),
		.ttl = REJECT_TTL,
		.protocol = protocol,
		.saddr = flow->destination.s6_addr32[3],
		.daddr = flow->source.s6_addr32[3],
	};

	ip.check = ~fold16(sum_words(&ip, sizeof(ip)));
	bpf_skb_store_bytes(skb, ETH_HLEN, &ip, sizeof(ip), 0);
}

static __always_inline void write_header6(struct __sk_buff *skb, const struct flow *flow, __u8 protocol,
					  __u16 length)
{
	struct ipv6hdr ip = {
		.version = 6,
		.payload_len = bpf_htons(length),
		.nexthdr = protocol,
		.hop_limit = REJECT_TTL,
	};

	__builtin_memcpy(&ip.saddr, &flow->destination, sizeof(ip.saddr));
	__builtin_memcpy(&ip.daddr, &flow->source, sizeof(ip.daddr));
	bpf_skb_store_bytes(skb, ETH_HLEN, &ip, sizeof(ip), 0);
}

/* False: it is a RST itself, or cut short. */
static __always_inline bool write_reset(struct __sk_buff *skb, const struct packet *packet)
{
	__u32 field = packet->transport + offsetof(struct tcphdr, check);
	__u32 end = packet_end(skb, packet);
	__u32 payload = end - packet->transport;
	struct tcphdr tcp, reset = {};
	csum_diff pseudo;
	bool partial;

	if (bpf_skb_load_bytes(skb, packet->transport, &tcp, sizeof(tcp)) || tcp.rst ||
	    end < packet->transport || payload < tcp.doff * 4U)
		return false;
	reset.source = tcp.dest;
	reset.dest = tcp.source;
	reset.doff = sizeof(reset) / 4;
	reset.rst = 1;
	if (tcp.ack) {
		reset.seq = tcp.ack_seq;
	} else {
		reset.ack = 1;
		reset.ack_seq = bpf_htonl(bpf_ntohl(tcp.seq) + payload - tcp.doff * 4 + tcp.syn + tcp.fin);
	}
	partial = is_partial(skb, field);
	if (bpf_skb_change_tail(skb, packet->transport + sizeof(reset), 0))
		return false;
	pseudo = packet->ipv6 ? sum_pseudo(&packet->flow, IPPROTO_TCP, sizeof(reset))
			      : sum_pseudo4(&packet->flow, IPPROTO_TCP, sizeof(reset));
	reset.check = partial ? fold16(pseudo) : (__u16)~fold16(pseudo + sum_words(&reset, sizeof(reset)));
	bpf_skb_store_bytes(skb, packet->transport, &reset, sizeof(reset), 0);
	if (packet->ipv6)
		write_header6(skb, &packet->flow, IPPROTO_TCP, sizeof(reset));
	else
		write_header4(skb, &packet->flow, IPPROTO_TCP, sizeof(reset));
	return true;
}

/*
 * The transport sum inside the ICMP message as the client will see it. Where the device has yet to finish it,
 * it will sum the eight bytes that are left of the transport, and the ICMP sum has to count on that.
 */
static __always_inline __u16 inner_check(const __u8 *transport, bool partial, __u16 check)
{
	return partial ? (__u16)~fold16(sum_words(transport, 8)) : check;
}

static __always_inline bool write_unreachable4(struct __sk_buff *skb, const struct packet *packet,
					       bool partial)
{
	struct icmp_header icmp = {.type = ICMP_UNREACHABLE, .code = ICMP_PORT_UNREACHABLE};
	__u8 inner[INNER4] __attribute__((aligned(8)));
	csum_diff sum;
	__u16 *check = (__u16 *)(inner + sizeof(struct iphdr) + offsetof(struct udphdr, check));

	if (bpf_skb_change_tail(skb, ETH_HLEN + INNER4, 0) ||
	    bpf_skb_adjust_room(skb, sizeof(struct iphdr) + sizeof(icmp), BPF_ADJ_ROOM_MAC, 0) ||
	    bpf_skb_load_bytes(skb, ETH_HLEN + sizeof(struct iphdr) + sizeof(icmp), inner, sizeof(inner)))
		return false;
	if (packet->flow.protocol == PROTOCOL_UDP)
		*check = inner_check(inner + sizeof(struct iphdr), partial, *check);
	sum = sum_words(&icmp, sizeof(icmp)) + sum_words(inner, sizeof(inner));
	icmp.checksum = ~fold16(sum);
	bpf_skb_store_bytes(skb, ETH_HLEN + sizeof(struct iphdr), &icmp, sizeof(icmp), 0);
	write_header4(skb, &packet->flow, IPPROTO_ICMP, sizeof(icmp) + sizeof(inner));
	return true;
}

static __always_inline bool write_unreachable6(struct __sk_buff *skb, const struct packet *packet,
					       bool partial)
{
	struct icmp_header icmp = {.type = ICMP6_UNREACHABLE, .code = ICMP6_PORT_UNREACHABLE};
	__u8 inner[INNER6] __attribute__((aligned(8)));
	__u16 *check = (__u16 *)(inner + sizeof(struct ipv6hdr) + offsetof(struct udphdr, check));
	csum_diff sum;

	if (bpf_skb_change_tail(skb, ETH_HLEN + INNER6, 0) ||
	    bpf_skb_adjust_room(skb, sizeof(struct ipv6hdr) + sizeof(icmp), BPF_ADJ_ROOM_MAC, 0) ||
	    bpf_skb_load_bytes(skb, ETH_HLEN + sizeof(struct ipv6hdr) + sizeof(icmp), inner, sizeof(inner)))
		return false;
	if (packet->flow.protocol == PROTOCOL_UDP)
		*check = inner_check(inner + sizeof(struct ipv6hdr), partial, *check);
	sum = sum_pseudo(&packet->flow, IPPROTO_ICMPV6, sizeof(icmp) + sizeof(inner)) +
	      sum_words(&icmp, sizeof(icmp)) + sum_words(inner, sizeof(inner));
	icmp.checksum = ~fold16(sum);
	bpf_skb_store_bytes(skb, ETH_HLEN + sizeof(struct ipv6hdr), &icmp, sizeof(icmp), 0);
	write_header6(skb, &packet->flow, IPPROTO_ICMPV6, sizeof(icmp) + sizeof(inner));
	return true;
}

static __always_inline bool write_unreachable(struct __sk_buff *skb, const struct packet *packet)
{
	bool partial = packet->flow.protocol == PROTOCOL_UDP &&
		       is_partial(skb, packet->transport + offsetof(struct udphdr, check));

	return packet->ipv6 ? write_unreachable6(skb, packet, partial)
			    : write_unreachable4(skb, packet, partial);
}

/* False: this packet has no rejection, and is to be dropped. Not inlined: it is rare. */
static __noinline int write_rejection(struct __sk_buff *skb, const struct packet *packet)
{
	__u32 plain;

	if (!skb || !packet)
		return 0;
	plain = ETH_HLEN + (packet->ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	if (packet->kind != PACKET_WHOLE || packet->transport != plain)
		return 0;
	if (packet->flow.protocol == PROTOCOL_TCP ? !write_reset(skb, packet)
						  : !write_unreachable(skb, packet))
		return 0;
	swap_link_addresses(skb);
	return 1;
}

#endif
