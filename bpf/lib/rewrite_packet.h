/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Write addresses and ports into a packet, and make its checksums right.
 *
 * The sums of TCP and UDP go through the kernel's helper, which alone knows whether the device has yet to
 * finish them (CHECKSUM_PARTIAL: the field then holds the sum of the addresses only).
 */
#ifndef KPROXY_LIB_REWRITE_PACKET_H
#define KPROXY_LIB_REWRITE_PACKET_H

#include <linux/udp.h>
#include <stddef.h>

#include "csum.h"
#include "packet.h"
#include "sctp.h"

static __always_inline __u32 both_ports(const struct flow *flow)
{
	return flow->source_port | (__u32)flow->destination_port << 16;
}

static __always_inline csum_diff diff_addresses(const struct flow *from, const struct flow *to)
{
	return diff_address(diff_address(0, &from->source, &to->source), &from->destination,
			    &to->destination);
}

static __always_inline csum_diff diff_ports(const struct flow *from, const struct flow *to)
{
	return diff_word(0, both_ports(from), both_ports(to));
}

/* The kernel's helper takes the difference of IPv6 addresses out of a sum of the whole packet, which they are
 * part of. */
static __always_inline void keep_complete(struct __sk_buff *skb, bool ipv6, __u32 diff)
{
	if (ipv6)
		bpf_csum_update(skb, diff);
}

static __always_inline void fix_transport(struct __sk_buff *skb, const struct packet *packet,
					  const struct flow *to)
{
	bool udp = packet->flow.protocol == PROTOCOL_UDP;
	__u32 field =
		packet->transport + (udp ? offsetof(struct udphdr, check) : offsetof(struct tcphdr, check));
	__u64 flags = udp ? BPF_F_MARK_MANGLED_0 : 0; /* a UDP sum of 0 says that there is none */
	__u32 addresses = fold32(diff_addresses(&packet->flow, to));

	bpf_l4_csum_replace(skb, field, 0, addresses, flags | BPF_F_PSEUDO_HDR);
	keep_complete(skb, packet->ipv6, addresses);
	if (both_ports(&packet->flow) != both_ports(to))
		bpf_l4_csum_replace(skb, field, 0, fold32(diff_ports(&packet->flow, to)), flags);
}

/* Writes the IP header. False: the packet has become shorter than it was, which no packet does. */
static __always_inline bool write_addresses(struct __sk_buff *skb, const struct packet *packet,
					    const struct flow *to)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;

	if (packet->ipv6) {
		struct ipv6hdr *ip = data + ETH_HLEN;

		if ((void *)(ip + 1) > data_end)
			return false;
		__builtin_memcpy(&ip->saddr, &to->source, sizeof(to->source));
		__builtin_memcpy(&ip->daddr, &to->destination, sizeof(to->destination));
	} else {
		struct iphdr *ip = data + ETH_HLEN;

		if ((void *)(ip + 1) > data_end)
			return false;
		ip->saddr = to->source.s6_addr32[3];
		ip->daddr = to->destination.s6_addr32[3];
		ip->check = csum_after(ip->check, diff_addresses(&packet->flow, to));
	}
	return true;
}

static __always_inline bool write_ports(struct __sk_buff *skb, const struct packet *packet,
					const struct flow *to)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ports *ports = data + (packet->transport & FURTHEST_TRANSPORT);

	if ((void *)(ports + 1) > data_end)
		return false;
	ports->source = to->source_port;
	ports->destination = to->destination_port;
	return true;
}

/* Returns 0 or BAD_PACKET. */
static __always_inline enum reason rewrite_whole(struct __sk_buff *skb, const struct packet *packet,
						 const struct flow *to)
{
	if (!write_addresses(skb, packet, to))
		return REASON_BAD_PACKET;
	if (packet->kind == PACKET_LATER_FRAGMENT)
		return 0;
	if (!write_ports(skb, packet, to))
		return REASON_BAD_PACKET;
	if (packet->flow.protocol == PROTOCOL_SCTP)
		return both_ports(&packet->flow) == both_ports(to) ? 0 : fix_sctp(skb, packet, to);
	fix_transport(skb, packet, to);
	return 0;
}

/* The packet inside an error went the other way. */
static __always_inline struct flow turned_round(const struct flow *flow)
{
	return (struct flow){
		.source = flow->destination,
		.destination = flow->source,
		.source_port = flow->destination_port,
		.destination_port = flow->source_port,
		.protocol = flow->protocol,
	};
}

/* The sum of the TCP or UDP header inside, where that much of it came along. Returns what it adds to the
 * difference. */
static __always_inline csum_diff fix_inner_transport(struct __sk_buff *skb, const struct packet *packet,
						     csum_diff diff)
{
	__u32 field = packet->inner_transport + (packet->flow.protocol == PROTOCOL_UDP
							 ? offsetof(struct udphdr, check)
							 : offsetof(struct tcphdr, check));
	__u16 before, after;

	if (packet->flow.protocol == PROTOCOL_SCTP || bpf_skb_load_bytes(skb, field, &before, sizeof(before)))
		return 0;
	if (packet->flow.protocol == PROTOCOL_UDP && !before)
		return 0;
	after = csum_after(before, diff);
	if (packet->flow.protocol == PROTOCOL_UDP && !after)
		after = 0xffff; /* 0 would say that there is none */
	bpf_skb_store_bytes(skb, field, &after, sizeof(after), 0);
	return diff_word(0, before, after);
}

static __always_inline csum_diff write_inner4(struct __sk_buff *skb, const struct packet *packet,
					      const struct flow *from, const struct flow *to)
{
	__u32 check = packet->inner + offsetof(struct iphdr, check);
	csum_diff diff = diff_addresses(from, to);
	__u16 before, after;

	if (bpf_skb_load_bytes(skb, check, &before, sizeof(before)))
		return 0;
	after = csum_after(before, diff);
	bpf_skb_store_bytes(skb, packet->inner + offsetof(struct iphdr, saddr), &to->source.s6_addr32[3], 4,
			    0);
	bpf_skb_store_bytes(skb, packet->inner + offsetof(struct iphdr, daddr), &to->destination.s6_addr32[3],
			    4, 0);
	bpf_skb_store_bytes(skb, check, &after, sizeof(after), 0);
	return diff + diff_word(0, before, after);
}

static __always_inline csum_diff write_inner6(struct __sk_buff *skb, const struct packet *packet,
					      const struct flow *from, const struct flow *to)
{
	bpf_skb_store_bytes(skb, packet->inner + offsetof(struct ipv6hdr, saddr), &to->source,
			    sizeof(to->source), 0);
	bpf_skb_store_bytes(skb, packet->inner + offsetof(struct ipv6hdr, daddr), &to->destination,
			    sizeof(to->destination), 0);
	return diff_addresses(from, to);
}

/* Addresses of an outer header with what is an end of the flow moved to where the flow goes. */
static __always_inline struct flow outer_after(const struct flow *before, const struct packet *packet,
					       const struct flow *to)
{
	struct flow after = *before;

	if (same_address(&before->source, &packet->flow.source))
		after.source = to->source;
	if (same_address(&before->destination, &packet->flow.destination))
		after.destination = to->destination;
	return after;
}

/*
 * The outer header of an error: an end of it that is an end of the flow goes with the flow. Each version
 * checks and writes in one branch: the verifier does not know that a second look at packet->ipv6 finds the
 * same.
 */
static __noinline csum_diff write_outer(struct __sk_buff *skb, const struct packet *packet,
					const struct flow *to)
{
	struct flow before = {}, after;
	void *data, *data_end;

	if (!skb || !packet || !to)
		return 0;
	data = (void *)(long)skb->data;
	data_end = (void *)(long)skb->data_end;
	if (packet->ipv6) {
		struct ipv6hdr *ip = data + ETH_HLEN;

		if ((void *)(ip + 1) > data_end)
			return 0;
		before.source = copy_address(&ip->saddr);
		before.destination = copy_address(&ip->daddr);
		after = outer_after(&before, packet, to);
		__builtin_memcpy(&ip->saddr, &after.source, sizeof(after.source));
		__builtin_memcpy(&ip->daddr, &after.destination, sizeof(after.destination));
		return diff_addresses(&before, &after); /* part of the ICMPv6 sum */
	} else {
		struct iphdr *ip = data + ETH_HLEN;

		if ((void *)(ip + 1) > data_end)
			return 0;
		before.source = map_ipv4(ip->saddr);
		before.destination = map_ipv4(ip->daddr);
		after = outer_after(&before, packet, to);
		ip->saddr = after.source.s6_addr32[3];
		ip->daddr = after.destination.s6_addr32[3];
		ip->check = csum_after(ip->check, diff_addresses(&before, &after));
		return 0;
	}
}

/* Not inlined: errors are rare. `outer`: the difference in the outer addresses, where the sum has them. */
static __noinline enum reason rewrite_inner(struct __sk_buff *skb, const struct packet *packet,
					    const struct flow *to, __u32 outer)
{
	__u32 field, ports;
	struct flow from_inner, to_inner;
	csum_diff diff;

	if (!skb || !packet || !to)
		return REASON_BAD_PACKET;
	from_inner = turned_round(&packet->flow);
	to_inner = turned_round(to);
	field = packet->transport + offsetof(struct icmp_header, checksum);
	diff = packet->ipv6 ? write_inner6(skb, packet, &from_inner, &to_inner)
			    : write_inner4(skb, packet, &from_inner, &to_inner);
	ports = both_ports(&to_inner);
	bpf_skb_store_bytes(skb, packet->inner_transport, &ports, sizeof(ports), 0);
	diff += diff_ports(&from_inner, &to_inner);
	diff += fix_inner_transport(
		skb, packet, diff_addresses(&from_inner, &to_inner) + diff_ports(&from_inner, &to_inner));
	if (packet->ipv6) {
		bpf_l4_csum_replace(skb, field, 0, outer, BPF_F_PSEUDO_HDR);
		keep_complete(skb, true, outer);
	}
	bpf_l4_csum_replace(skb, field, 0, fold32(diff), 0);
	return 0;
}

static __always_inline enum reason rewrite_packet(struct __sk_buff *skb, const struct packet *packet,
						  const struct flow *to)
{
	if (packet->kind == PACKET_ERROR)
		return rewrite_inner(skb, packet, to, fold32(write_outer(skb, packet, to)));
	return rewrite_whole(skb, packet, to);
}

#endif
