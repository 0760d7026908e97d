/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Read what a packet is about. */
#ifndef KPROXY_LIB_PACKET_H
#define KPROXY_LIB_PACKET_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include "../maps.h"
#include "address.h"

#define IP_FRAGMENT_OFFSET 0x1fff
#define IP_MORE_FRAGMENTS 0x2000
#define IP6_FRAGMENT_OFFSET 0xfff8

#define TCP_FLAG_FIN 0x01
#define TCP_FLAG_SYN 0x02
#define TCP_FLAG_RST 0x04
#define TCP_FLAG_ACK 0x10

/* linux/icmp.h needs the C library. The header is the same in both families, the types are not. */
#define ICMP_UNREACHABLE 3
#define ICMP_PORT_UNREACHABLE 3
#define ICMP_QUENCH 4
#define ICMP_REDIRECT 5
#define ICMP_EXCEEDED 11
#define ICMP_PARAMETER 12
#define ICMP6_UNREACHABLE 1
#define ICMP6_PORT_UNREACHABLE 4
#define ICMP6_FIRST_MESSAGE 128 /* that is no error */
#define ICMP_TYPE_KNOWN 0x100   /* beside the type of a message in fragments */

struct icmp_header {
	__u8 type;
	__u8 code;
	__sum16 checksum;
	__be32 rest;
};

/* What an SCTP chunk does to an association. */
#define SCTP_INIT 1
#define SCTP_INIT_ACK 2
#define SCTP_ABORT 6
#define SCTP_SHUTDOWN_COMPLETE 14

/* Bytes that hold every header that is looked at, of a packet without IPv6 extensions. */
#define HEADERS (ETH_HLEN + 60 + sizeof(struct tcphdr))
#define EXTENSIONS 4
#define SHORTEST_TRANSPORT 8 /* UDP */
#define FURTHEST_TRANSPORT 0x7ff

enum packet_kind {
	PACKET_WHOLE, /* or the first fragment: it has its transport header */
	PACKET_LATER_FRAGMENT,
	PACKET_ERROR /* an ICMP error: `flow` is that of the packet inside, turned round */
};

struct packet {
	struct flow flow;
	enum packet_kind kind;
	bool ipv6;
	bool fragmented;
	bool opens;      /* TCP SYN, SCTP INIT */
	bool answers;    /* what opens: TCP SYN or RST with ACK, SCTP INIT ACK */
	__u8 ends;       /* FLOW_FIN, FLOW_RST */
	__u32 transport; /* offset of the outer packet's transport header */
	__u32 inner;     /* offset of the IP header inside an error */
	__u32 inner_transport;
	__u8 icmp_type; /* of an error */
};

/* Where a packet stands in its series of fragments. */
struct fragment {
	__be32 id;
	bool first;
	bool later;
};

static __always_inline __u32 packet_length(void *data, void *data_end)
{
	return data_end - data;
}

/* Reads ports and what the packet does to its flow. False: it is too short. */
static __always_inline bool parse_transport(struct packet *packet, void *transport, void *data_end)
{
	struct ports *ports = transport;

	if (transport + SHORTEST_TRANSPORT > data_end)
		return false;
	packet->flow.source_port = ports->source;
	packet->flow.destination_port = ports->destination;
	if (packet->flow.protocol == PROTOCOL_TCP) {
		__u8 *flags = transport + 13;

		if (transport + sizeof(struct tcphdr) > data_end)
			return false;
		packet->opens = (*flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN;
		packet->answers = *flags & TCP_FLAG_ACK && *flags & (TCP_FLAG_SYN | TCP_FLAG_RST);
		packet->ends =
			(*flags & TCP_FLAG_FIN ? FLOW_FIN : 0) | (*flags & TCP_FLAG_RST ? FLOW_RST : 0);
	} else if (packet->flow.protocol == PROTOCOL_SCTP) {
		__u8 *chunk = transport + 12;

		if (transport + 16 > data_end)
			return false;
		packet->opens = *chunk == SCTP_INIT;
		packet->answers = *chunk == SCTP_INIT_ACK;
		packet->ends = *chunk == SCTP_ABORT || *chunk == SCTP_SHUTDOWN_COMPLETE ? FLOW_RST : 0;
	}
	return true;
}

/* The first fragment leaves the ports of its packet to the others. Returns 0 or FRAGMENT_MISSED. Not inlined:
 * rare. */
static __noinline enum reason follow_fragments(struct packet *packet, __be32 id, bool first)
{
	struct fragment_key key = {.id = id};
	struct ports ports, *known;

	if (!packet)
		return REASON_BAD_PACKET;
	key.source = packet->flow.source;
	key.destination = packet->flow.destination;
	key.protocol = packet->flow.protocol;
	if (first) {
		ports.source = packet->flow.source_port;
		ports.destination = packet->flow.destination_port;
		bpf_map_update_elem(&fragments, &key, &ports, BPF_ANY);
		return 0;
	}
	known = bpf_map_lookup_elem(&fragments, &key);
	if (!known)
		return REASON_FRAGMENT_MISSED;
	packet->flow.source_port = known->source;
	packet->flow.destination_port = known->destination;
	return 0;
}

/*
 * Fragments of an ICMP message have, where others have ports, its identifier and its type: in the first one
 * they are read, in the others remembered. Both are 0 where that is not known. Not inlined: rare.
 */
static __noinline int follow_icmp(struct __sk_buff *skb, struct packet *packet, __be32 id, bool first)
{
	struct icmp_header icmp;

	if (!skb || !packet)
		return 0;
	packet->fragmented = true;
	if (first) {
		if (bpf_skb_load_bytes(skb, packet->transport, &icmp, sizeof(icmp)))
			return 0;
		packet->flow.source_port = (__be16)icmp.rest;
		packet->flow.destination_port = bpf_htons(ICMP_TYPE_KNOWN | icmp.type);
	}
	follow_fragments(packet, id, first);
	return 0;
}

/* Where the packet ends: a short Ethernet frame goes on after it. 0: it has no header. */
static __always_inline __u32 packet_end(struct __sk_buff *skb, const struct packet *packet)
{
	__u32 field = ETH_HLEN + (packet->ipv6 ? __builtin_offsetof(struct ipv6hdr, payload_len)
					       : __builtin_offsetof(struct iphdr, tot_len));
	__be16 length;
	__u32 end;

	if (bpf_skb_load_bytes(skb, field, &length, sizeof(length)))
		return 0;
	end = ETH_HLEN + bpf_ntohs(length) + (packet->ipv6 ? sizeof(struct ipv6hdr) : 0);
	return end < skb->len ? end : skb->len;
}

static __always_inline bool is_served(__u8 protocol)
{
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_SCTP;
}

static __always_inline struct in6_addr copy_address(const void *from)
{
	struct in6_addr address;

	__builtin_memcpy(&address, from, sizeof(address));
	return address;
}

/* Any IPv6 extension header but the fragment's begins like this. */
struct extension {
	__u8 next;
	__u8 length;
	__be16 offset; /* fragment: offset in the upper 13 bits, more fragments in the last */
	__be32 id;     /* fragment */
};

/* Walks the extensions. Not inlined: few packets have any. Returns the next offset, or 0: the walk ends. */
static __noinline int skip_extension(struct __sk_buff *skb, __u32 offset, __u8 protocol,
				     struct extension *extension)
{
	if (!skb || !extension || bpf_skb_load_bytes(skb, offset, extension, sizeof(*extension)))
		return 0;
	if (protocol == IPPROTO_FRAGMENT)
		return offset + sizeof(*extension);
	return offset + (extension->length + 1) * 8;
}

/* The header inside an error, whose packet went the other way: flow.source is where that one was going. */
static __always_inline enum reason parse_inner4(struct __sk_buff *skb, struct packet *packet)
{
	struct iphdr ip;
	struct ports ports;

	if (bpf_skb_load_bytes(skb, packet->inner, &ip, sizeof(ip)))
		return REASON_NOT_REMEMBERED;
	packet->inner_transport = packet->inner + ip.ihl * 4;
	if (ip.ihl < 5 || !is_served(ip.protocol) || ip.frag_off & bpf_htons(IP_FRAGMENT_OFFSET) ||
	    bpf_skb_load_bytes(skb, packet->inner_transport, &ports, sizeof(ports)))
		return REASON_NOT_REMEMBERED;
	packet->flow.source = map_ipv4(ip.daddr);
	packet->flow.destination = map_ipv4(ip.saddr);
	packet->flow.source_port = ports.destination;
	packet->flow.destination_port = ports.source;
	packet->flow.protocol = ip.protocol;
	return 0;
}

/* Too large a datagram is sent in fragments, and the error quotes one: the first has the ports. */
static __always_inline enum reason parse_inner6(struct __sk_buff *skb, struct packet *packet)
{
	struct extension extension = {};
	struct ipv6hdr ip;
	struct ports ports;

	if (bpf_skb_load_bytes(skb, packet->inner, &ip, sizeof(ip)))
		return REASON_NOT_REMEMBERED;
	packet->inner_transport = packet->inner + sizeof(ip);
	if (ip.nexthdr == IPPROTO_FRAGMENT) {
		packet->inner_transport =
			skip_extension(skb, packet->inner_transport, IPPROTO_FRAGMENT, &extension);
		if (!packet->inner_transport || extension.offset & bpf_htons(IP6_FRAGMENT_OFFSET))
			return REASON_NOT_REMEMBERED;
		ip.nexthdr = extension.next;
	}
	if (!is_served(ip.nexthdr) || bpf_skb_load_bytes(skb, packet->inner_transport, &ports, sizeof(ports)))
		return REASON_NOT_REMEMBERED;
	packet->flow.source = copy_address(&ip.daddr);
	packet->flow.destination = copy_address(&ip.saddr);
	packet->flow.source_port = ports.destination;
	packet->flow.destination_port = ports.source;
	packet->flow.protocol = ip.nexthdr;
	return 0;
}

/* Returns 0 for an error that can be about a flow; else OTHER_PROTOCOL or NOT_REMEMBERED. */
static __always_inline enum reason parse_icmp(struct __sk_buff *skb, struct packet *packet)
{
	if (bpf_skb_load_bytes(skb, packet->transport, &packet->icmp_type, sizeof(packet->icmp_type)))
		return REASON_BAD_PACKET;
	packet->kind = PACKET_ERROR;
	packet->inner = packet->transport + sizeof(struct icmp_header);
	if (packet->ipv6)
		return packet->icmp_type < ICMP6_FIRST_MESSAGE ? parse_inner6(skb, packet)
							       : REASON_OTHER_PROTOCOL;
	switch (packet->icmp_type) {
	case ICMP_UNREACHABLE:
	case ICMP_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_EXCEEDED:
	case ICMP_PARAMETER:
		return parse_inner4(skb, packet);
	default:
		return REASON_OTHER_PROTOCOL;
	}
}

static __always_inline bool parse_ipv4(struct packet *packet, void *data, void *data_end,
				       struct fragment *fragment)
{
	struct iphdr *ip = data + ETH_HLEN;

	if ((void *)(ip + 1) > data_end || ip->ihl < 5)
		return false;
	packet->flow.source = map_ipv4(ip->saddr);
	packet->flow.destination = map_ipv4(ip->daddr);
	packet->flow.protocol = ip->protocol;
	packet->transport = ETH_HLEN + ip->ihl * 4;
	fragment->id = ip->id;
	fragment->later = ip->frag_off & bpf_htons(IP_FRAGMENT_OFFSET);
	fragment->first = !fragment->later && ip->frag_off & bpf_htons(IP_MORE_FRAGMENTS);
	return true;
}

static __always_inline bool is_extension(__u8 protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_DSTOPTS ||
	       protocol == IPPROTO_FRAGMENT;
}

static __always_inline bool parse_extensions(struct __sk_buff *skb, struct packet *packet,
					     struct fragment *fragment)
{
#pragma unroll
	for (int i = 0; i < EXTENSIONS; i++) {
		struct extension extension = {};
		__u8 protocol = packet->flow.protocol;
		__u32 next;

		if (!is_extension(protocol))
			return true;
		next = skip_extension(skb, packet->transport, protocol, &extension);
		if (!next)
			return false;
		if (protocol == IPPROTO_FRAGMENT) {
			fragment->id = extension.id;
			fragment->later = extension.offset & bpf_htons(IP6_FRAGMENT_OFFSET);
			fragment->first = !fragment->later && extension.offset & bpf_htons(1);
		}
		packet->flow.protocol = extension.next;
		packet->transport = next;
		if (fragment->later)
			return true;
	}
	return !is_extension(packet->flow.protocol);
}

static __always_inline bool parse_ipv6(struct packet *packet, void *data, void *data_end)
{
	struct ipv6hdr *ip = data + ETH_HLEN;

	if ((void *)(ip + 1) > data_end)
		return false;
	packet->flow.source = copy_address(&ip->saddr);
	packet->flow.destination = copy_address(&ip->daddr);
	packet->flow.protocol = ip->nexthdr;
	packet->transport = ETH_HLEN + sizeof(*ip);
	packet->ipv6 = true;
	return true;
}

/*
 * Returns 0, or NOT_IP, TAGGED, OTHER_PROTOCOL, NOT_REMEMBERED for what passes, BAD_PACKET or
 * FRAGMENT_MISSED. Packets whose headers do not lie in one piece are pulled together first.
 */
static __always_inline enum reason parse_packet(struct __sk_buff *skb, struct packet *packet)
{
	struct fragment fragment = {};
	void *data, *data_end;

	if (skb->protocol != bpf_htons(ETH_P_IP) && skb->protocol != bpf_htons(ETH_P_IPV6))
		return REASON_NOT_IP;
	if (skb->vlan_present)
		return REASON_TAGGED;
	data = (void *)(long)skb->data;
	data_end = (void *)(long)skb->data_end;
	if (packet_length(data, data_end) < HEADERS && packet_length(data, data_end) < skb->len)
		bpf_skb_pull_data(skb, skb->len < HEADERS ? skb->len : HEADERS);
	data = (void *)(long)skb->data;
	data_end = (void *)(long)skb->data_end;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (!parse_ipv4(packet, data, data_end, &fragment))
			return REASON_BAD_PACKET;
	} else {
		if (!parse_ipv6(packet, data, data_end))
			return REASON_BAD_PACKET;
		if (is_extension(packet->flow.protocol) && !parse_extensions(skb, packet, &fragment))
			return REASON_OTHER_PROTOCOL;
		if (packet->transport > FURTHEST_TRANSPORT)
			return REASON_BAD_PACKET;
	}
	if (packet->flow.protocol == (packet->ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)) {
		if (!fragment.later && !fragment.first)
			return parse_icmp(skb, packet);
		follow_icmp(skb, packet, fragment.id, fragment.first);
		return REASON_OTHER_PROTOCOL;
	}
	if (!is_served(packet->flow.protocol))
		return REASON_OTHER_PROTOCOL;
	if (fragment.later) {
		packet->kind = PACKET_LATER_FRAGMENT;
		return follow_fragments(packet, fragment.id, false);
	}
	data = (void *)(long)skb->data;
	data_end = (void *)(long)skb->data_end;
	/* The mask shows the verifier what the header length allows anyway. */
	if (!parse_transport(packet, data + (packet->transport & FURTHEST_TRANSPORT), data_end))
		return REASON_BAD_PACKET;
	packet->fragmented = fragment.first;
	return fragment.first ? follow_fragments(packet, fragment.id, true) : 0;
}

#endif
