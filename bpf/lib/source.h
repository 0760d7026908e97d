/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Translate the source of flows whose replies would pass by this node.
 *
 * The port is replaced at ingress and the address at egress: a packet that comes in with an address of the
 * node itself would be refused as a martian. In between the client has its own address and our port.
 */
#ifndef KPROXY_LIB_SOURCE_H
#define KPROXY_LIB_SOURCE_H

#include "conntrack.h"

/* Ports that are tried before a flow is refused: those of long flows stand between those that are free again.
 */
#define PORT_TRIES 8

/* What a socket address family is for the routing look-up; sys/socket.h is no header for BPF. */
#define FAMILY_INET 2
#define FAMILY_INET6 10

static __always_inline bool is_snat_port(__be16 port)
{
	__u16 number = bpf_ntohs(port);

	return number >= snat_port_first && number <= snat_port_last;
}

static __always_inline bool needs_source(const struct flow *flow, const struct choice *choice, bool from_pod)
{
	return masquerade_all || (!from_pod && !(choice->flags & BACKEND_LOCAL)) ||
	       same_address(&choice->endpoint.address, &flow->source);
}

/* Index of the device that the route to the backend leaves by; 0 where there is none. */
static __always_inline __u32 route_device(struct __sk_buff *skb, const struct flow *flow,
					  const struct in6_addr *backend, bool ipv6)
{
	struct bpf_fib_lookup route = {.ifindex = skb->ifindex, .l4_protocol = flow->protocol};
	long found;

	if (ipv6) {
		route.family = FAMILY_INET6;
		__builtin_memcpy(route.ipv6_src, &flow->source, sizeof(route.ipv6_src));
		__builtin_memcpy(route.ipv6_dst, backend, sizeof(route.ipv6_dst));
	} else {
		route.family = FAMILY_INET;
		route.ipv4_src = flow->source.s6_addr32[3];
		route.ipv4_dst = backend->s6_addr32[3];
	}
	found = bpf_fib_lookup(skb, &route, sizeof(route), 0);
	return found == BPF_FIB_LKUP_RET_SUCCESS || found == BPF_FIB_LKUP_RET_NO_NEIGH ? route.ifindex : 0;
}

/* The device's own address of the family, or that of the node, which stands at index 0. False: there is none.
 */
static __always_inline bool find_source(__u32 ifindex, bool ipv6, struct in6_addr *source)
{
#pragma unroll
	for (int i = 0; i < 2; i++) {
		__u32 index = i ? 0 : ifindex;
		const struct device *device = bpf_map_lookup_elem(&devices, &index);

		if (!device)
			continue;
		*source = ipv6 ? device->ipv6 : device->ipv4;
		if (is_set(source))
			return true;
	}
	return false;
}

/* Would egress take the flow's packets for those of another flow of this client that has a port of ours? */
static __always_inline bool is_ambiguous(const struct flow *reply_key)
{
	struct flow key = *reply_key;
	const struct reply_target *other;

	if (!is_snat_port(key.destination_port))
		return false;
	key.destination = (struct in6_addr){};
	other = bpf_map_lookup_elem(&conntrack_reply, &key);
	return other && same_address(&other->client_address, &reply_key->destination);
}

/*
 * The ports towards a backend come one after the other: it refuses that of a connection which it has closed
 * for a minute, and a random port would be one of those much sooner. Two CPUs may get the same one; only one
 * can claim it.
 */
static __always_inline __be16 next_port(__u32 *tried)
{
	__u32 ports = snat_port_last - snat_port_first + 1;

	return bpf_htons(snat_port_first + (*tried)++ % ports);
}

/*
 * Takes a source port for the flow that is being opened, unless another flow to the backend has it, or the
 * client itself has a flow from it. A function of its own that takes numbers alone, for the verifier to walk
 * once. Returns whether it did.
 */
__attribute__((noinline)) int try_port(__u32 port)
{
	__u32 only = 0;
	struct opening *flow = bpf_map_lookup_elem(&opening, &only);

	if (!flow)
		return false;
	flow->key.destination_port = port;
	flow->key.destination = flow->reply.client_address;
	if (bpf_map_lookup_elem(&conntrack_reply, &flow->key))
		return false;
	flow->key.destination = (struct in6_addr){};
	return claim_reply(&flow->key, &flow->reply);
}

/* Finds a source port for the flow that is being opened; `backend` is its number. Returns it, or 0. */
static __always_inline __be16 claim_port(__u32 backend)
{
	__u32 index = backend & (PORT_SEQUENCES - 1);
	__u32 *tried = bpf_map_lookup_elem(&snat_sequence, &index);

	if (!tried)
		return 0;
	for (int i = 0; i < PORT_TRIES; i++) {
		__be16 port = next_port(tried);

		if (try_port(port))
			return port;
	}
	return 0;
}

#endif
