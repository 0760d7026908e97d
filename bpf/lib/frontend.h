/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Find the frontend that a client dials. */
#ifndef KPROXY_LIB_FRONTEND_H
#define KPROXY_LIB_FRONTEND_H

#include <stdbool.h>

#include "../config.h"
#include "../maps.h"
#include "address.h"

#define CHECK_FACTOR 0x9e3779b1

/* Of the twelve words of key and value in memory, with the check itself as 0. */
static __always_inline __u16 frontend_check(const struct frontend_key *key, const struct frontend *frontend)
{
	const __u32 words[] = {
		key->address.s6_addr32[0],
		key->address.s6_addr32[1],
		key->address.s6_addr32[2],
		key->address.s6_addr32[3],
		key->port | (__u32)key->protocol << 16 | (__u32)key->reserved << 24,
		frontend->internal.first,
		frontend->internal.count,
		frontend->external.first,
		frontend->external.count,
		frontend->service,
		frontend->affinity_timeout_s,
		frontend->algorithm | (__u32)frontend->flags << 8,
	};
	__u32 check = 0;

#pragma unroll
	for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		check = check * CHECK_FACTOR + words[i];
	return check ^ check >> 16;
}

/* Copies the entry of a key. False: there is none. */
static __always_inline bool read_frontend(const struct frontend_key *key, struct frontend *frontend)
{
	const struct frontend *entry = bpf_map_lookup_elem(&svc_frontends, key);

	if (!entry)
		return false;
	*frontend = *entry;
	barrier(); /* from here on the copy counts, whatever becomes of the entry */
	return true;
}

/*
 * Returns 0, NOT_FRONTEND or FRONTEND_TORN. The kernel gives the memory of a replaced entry to the next
 * entry that is written, so a program that was held up after its look-up may read another frontend's
 * value, or half of one. The check tells; the second look-up then finds the new entry.
 */
static __always_inline enum reason find_frontend(const struct endpoint *dialled, enum protocol protocol,
						 struct frontend *found)
{
	struct frontend_key key = {
		.address = dialled->address,
		.port = dialled->port,
		.protocol = protocol,
	};

	if (!read_frontend(&key, found))
		return REASON_NOT_FRONTEND;
	if (found->check == frontend_check(&key, found))
		return 0;
	if (!read_frontend(&key, found))
		return REASON_NOT_FRONTEND;
	return found->check == frontend_check(&key, found) ? 0 : REASON_FRONTEND_TORN;
}

static __always_inline bool is_node_port(__be16 port)
{
	__u16 number = bpf_ntohs(port);

	return number >= node_port_first && number <= node_port_last;
}

/* All of 127.0.0.0/8 is the node's own, and stands in node_addresses as 127.0.0.1. */
static __always_inline struct in6_addr node_address(const struct in6_addr *address)
{
	if (is_mapped(address) && (address->s6_addr32[3] & bpf_htonl(0xff000000)) == bpf_htonl(0x7f000000))
		return map_ipv4(bpf_htonl(0x7f000001));
	return *address;
}

/* Is a NodePort dialled? `on_node`: by a process of the node itself, who may use its loopback address. */
static __always_inline bool dials_node(const struct endpoint *dialled, bool on_node)
{
	struct in6_addr address = node_address(&dialled->address);
	const enum node_address_flag *flags = bpf_map_lookup_elem(&node_addresses, &address);

	return flags && (on_node || !(*flags & NODE_ADDRESS_LOOPBACK));
}

static __always_inline bool in_prefixes(const struct prefix *prefixes, __u32 count,
					const struct in6_addr *address)
{
#pragma unroll
	for (unsigned int i = 0; i < PREFIXES; i++) {
		const struct prefix *prefix = &prefixes[i];

		if (i >= count)
			return false;
		if ((address->s6_addr32[0] & prefix->mask.s6_addr32[0]) == prefix->address.s6_addr32[0] &&
		    (address->s6_addr32[1] & prefix->mask.s6_addr32[1]) == prefix->address.s6_addr32[1] &&
		    (address->s6_addr32[2] & prefix->mask.s6_addr32[2]) == prefix->address.s6_addr32[2] &&
		    (address->s6_addr32[3] & prefix->mask.s6_addr32[3]) == prefix->address.s6_addr32[3])
			return true;
	}
	return false;
}

static __always_inline struct cluster *find_cluster(void)
{
	__u32 only = 0;

	return bpf_map_lookup_elem(&cluster, &only);
}

static __always_inline bool is_service_address(const struct in6_addr *address)
{
	struct cluster *ranges = find_cluster();

	return ranges && in_prefixes(ranges->service_cidr, ranges->service_cidrs, address);
}

/* Nothing serves this: returns NOT_FRONTEND, or for a ClusterIP NO_SUCH_PORT or NO_SUCH_SERVICE. */
static __always_inline enum reason find_guard(const struct endpoint *dialled)
{
	struct frontend_key guard = {.address = dialled->address, .protocol = PROTOCOL_ANY};

	if (!is_service_address(&dialled->address))
		return REASON_NOT_FRONTEND;
	return bpf_map_lookup_elem(&svc_frontends, &guard) ? REASON_NO_SUCH_PORT : REASON_NO_SUCH_SERVICE;
}

/*
 * The frontend behind what a client dialled. Returns 0, NOT_FRONTEND, FRONTEND_TORN, NO_SUCH_PORT or
 * NO_SUCH_SERVICE.
 */
static __always_inline enum reason find_dialled(const struct endpoint *dialled, enum protocol protocol,
						bool on_node, struct frontend *found)
{
	enum reason reason;

	if (is_node_port(dialled->port) && dials_node(dialled, on_node)) {
		struct endpoint any = {.port = dialled->port};

		if (is_mapped(&dialled->address))
			any.address = map_ipv4(0);
		reason = find_frontend(&any, protocol, found);
		if (reason != REASON_NOT_FRONTEND)
			return reason;
	}
	reason = find_frontend(dialled, protocol, found);
	return reason == REASON_NOT_FRONTEND ? find_guard(dialled) : reason;
}

#endif
