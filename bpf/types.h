/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Every struct that userspace sees, its size asserted. bpf2ts turns them into TypeScript. */
#ifndef KPROXY_TYPES_H
#define KPROXY_TYPES_H

#include <linux/in6.h>
#include <linux/types.h>

/* A sentence that goes with the type or field into BTF, and from there into generated TypeScript. */
#define DOC(sentence) __attribute__((btf_decl_tag("doc:" sentence)))
#define PACKED __attribute__((packed))

enum protocol { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_SCTP = 132 } PACKED;

/* Where the client is, for traffic policies. */
enum scope { SCOPE_INTERNAL, SCOPE_EXTERNAL } PACKED;

enum algorithm { ALGORITHM_RANDOM } PACKED;

/* FREE: no slot points here and the number may be given out again. */
enum backend_state { BACKEND_FREE, BACKEND_ACTIVE, BACKEND_TERMINATING } PACKED;

struct frontend_key {
	struct in6_addr address DOC("Address that clients dial; IPv4 as ::ffff:a.b.c.d.");
	__be16 port DOC("Port that clients dial.");
	enum protocol protocol;
	enum scope scope;
};
_Static_assert(sizeof(struct frontend_key) == 20, "frontend_key");

struct frontend {
	__u32 first_slot DOC("First cell of the range in svc_slots.");
	__u32 slot_count DOC("Cells in the range; 0: no backend, connects are refused.");
	__u32 service DOC("Number of the service port in svc_names.");
	__u32 affinity_timeout_s DOC("Seconds a client keeps its backend; 0: no affinity.");
	enum algorithm algorithm;
	__u8 flags;
	__u16 check DOC("Of the key and all other fields: lib/frontend.h says how.");
};
_Static_assert(sizeof(struct frontend) == 20, "frontend");

struct backend {
	struct in6_addr address DOC("Address of the endpoint; IPv4 as ::ffff:a.b.c.d.");
	__be16 port;
	enum protocol protocol;
	enum backend_state state;
	__u32 reuse DOC("Grows each time the number is given to another endpoint.");
};
_Static_assert(sizeof(struct backend) == 24, "backend");

struct service_name {
	char namespace[64];
	char name[64];
	char port[64] DOC("Name of the service port; empty where it has none.");
};
_Static_assert(sizeof(struct service_name) == 192, "service_name");

/* An address with its port, IPv4 mapped. Padding is zero, because it is compared and hashed. */
struct endpoint {
	struct in6_addr address DOC("IPv4 as ::ffff:a.b.c.d.");
	__be16 port;
	__u16 reserved;
};
_Static_assert(sizeof(struct endpoint) == 20, "endpoint");

/* Half a cache line, so that a set is one: that is why it keeps a digest of the backend, not its address. */
struct peer {
	__u64 cookie DOC("Socket cookie; 0: nothing remembered.");
	struct in6_addr frontend_address DOC("What the socket dialled; IPv4 as ::ffff:a.b.c.d.");
	__be16 frontend_port;
	__be16 backend_port DOC("Where it was pointed; valid while that is the peer.");
	__u32 backend_digest DOC("Digest of the backend's address.");
};
_Static_assert(sizeof(struct peer) == 32, "peer");

struct peer_set {
	struct peer way[2] DOC("The one used last comes first.");
};
_Static_assert(sizeof(struct peer_set) == 64, "peer_set");

struct reverse_key {
	__u64 cookie DOC("Socket cookie.");
	struct endpoint backend DOC("Where the datagram went, and the reply will come from.");
	__u32 reserved;
};
_Static_assert(sizeof(struct reverse_key) == 32, "reverse_key");

struct counter {
	__u64 packets DOC("Connects, datagrams or packets, as the hook has it.");
	__u64 bytes DOC("0 at the socket hooks, which do not see them.");
};
_Static_assert(sizeof(struct counter) == 16, "counter");

#endif
