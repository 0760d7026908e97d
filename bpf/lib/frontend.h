/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Find the frontend that a client dials. */
#ifndef KPROXY_LIB_FRONTEND_H
#define KPROXY_LIB_FRONTEND_H

#include "../maps.h"

/* Returns 0, or NOT_FRONTEND. */
static __always_inline enum reason find_frontend(const struct endpoint *dialled, enum protocol protocol,
						 enum scope scope, const struct frontend **found)
{
	struct frontend_key key = {
		.address = dialled->address,
		.port = dialled->port,
		.protocol = protocol,
		.scope = scope,
	};

	*found = bpf_map_lookup_elem(&svc_frontends, &key);
	return *found ? 0 : REASON_NOT_FRONTEND;
}

#endif
