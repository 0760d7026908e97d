/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Pick one of a frontend's backends. */
#ifndef KPROXY_LIB_BACKEND_H
#define KPROXY_LIB_BACKEND_H

#include <stddef.h>

#include "../maps.h"
#include "address.h"

/* Slots that are looked through when a set of backends has changed; in a longer range the client is moved. */
#define LOOKED_THROUGH 512

/* The last steps of splitmix64: every input bit reaches every output bit. */
static __always_inline __u32 mix(__u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x >> 32;
}

/* Uniform over 32 bits, another one each time; not drawn where there is nothing to choose. */
static __always_inline __u32 random_chance(const struct slot_range *range)
{
	__u32 only = 0;
	__u64 *state;

	if (range->count <= 1)
		return 0;
	state = bpf_map_lookup_elem(&random_state, &only);
	if (!state)
		return bpf_get_prandom_u32();
	if (!*state)
		*state = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32();
	*state += 0x9e3779b97f4a7c15;
	return mix(*state);
}

/*
 * Uniform over sockets, the same for each datagram of one socket to one service: what spans several datagrams
 * (QUIC, TFTP, retries) stays with one backend.
 */
static __always_inline __u32 socket_chance(__u64 cookie, const struct frontend *frontend)
{
	return mix(cookie * 0x9e3779b97f4a7c15 ^ frontend->service);
}

/* A backend that was picked. */
struct choice {
	struct endpoint endpoint;
	__u32 number;
	__u32 slot;
	__u16 reuse;
	enum backend_flag flags;
};

static __always_inline void take_backend(struct choice *choice, const struct backend *backend, __u32 number)
{
	choice->endpoint = (struct endpoint){.address = backend->address, .port = backend->port};
	choice->number = number;
	choice->reuse = backend->reuse;
	choice->flags = backend->flags;
}

/*
 * Returns 0, NO_BACKEND, SLOT_MISSING, BACKEND_MISSING or WRONG_FAMILY. Scaling by a multiplication costs
 * less than a division; over 2^20 slots it favours none by more than one part in 4096.
 */
static __always_inline enum reason pick_backend(const struct slot_range *range, __u32 chance, bool mapped,
						struct choice *choice)
{
	__u32 slot = range->first + (__u32)((__u64)chance * range->count >> 32);
	const struct backend *backend;
	const __u32 *number;

	if (!range->count)
		return REASON_NO_BACKEND;
	number = bpf_map_lookup_elem(&svc_slots, &slot);
	if (!number)
		return REASON_SLOT_MISSING;
	backend = bpf_map_lookup_elem(&svc_backends, number);
	if (!backend || backend->state == BACKEND_FREE)
		return REASON_BACKEND_MISSING;
	if (is_mapped(&backend->address) != mapped)
		return REASON_WRONG_FAMILY;
	take_backend(choice, backend, *number);
	choice->slot = slot;
	return 0;
}

/* Which slot of the range has this backend number, or -1. A function of its own, for the verifier to walk
 * once. */
__attribute__((noinline)) long slot_of(__u32 first, __u32 count, __u32 number)
{
	for (__u32 i = 0; i < LOOKED_THROUGH; i++) {
		__u32 slot = first + i;
		const __u32 *held;

		if (i >= count)
			return -1;
		held = bpf_map_lookup_elem(&svc_slots, &slot);
		if (held && *held == number)
			return slot;
	}
	return -1;
}

/* Does the range still have the backend? As a rule in the slot where it was; notes where it is now. */
static __always_inline bool is_still_in(const struct slot_range *range, __u32 number, __u32 *slot)
{
	const __u32 *held = bpf_map_lookup_elem(&svc_slots, slot);
	long found;

	if (held && *held == number && *slot - range->first < range->count)
		return true;
	found = slot_of(range->first, range->count, number);
	if (found >= 0)
		*slot = found;
	return found >= 0;
}

/* The backend behind a number that was kept, if it is still the same one and has not gone. */
static __always_inline const struct backend *find_kept(__u32 number, __u16 reuse)
{
	const struct backend *backend = bpf_map_lookup_elem(&svc_backends, &number);

	if (!backend || backend->reuse != reuse || backend->state == BACKEND_FREE ||
	    backend->state == BACKEND_RETIRED)
		return NULL;
	return backend;
}

#endif
