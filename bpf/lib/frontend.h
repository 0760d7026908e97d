/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Find the frontend that a client dials. */
#ifndef KPROXY_LIB_FRONTEND_H
#define KPROXY_LIB_FRONTEND_H

#include <stdbool.h>

#include "../maps.h"

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

#endif
