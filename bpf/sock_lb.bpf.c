// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Service load balancing where sockets dial: the socket is pointed at a backend, and no packet is touched. */
#include <linux/bpf.h>
#include <linux/errno.h>

#include <bpf/bpf_helpers.h>

#include "config.h"
#include "lib/affinity.h"
#include "lib/backend.h"
#include "lib/count.h"
#include "lib/event.h"
#include "lib/frontend.h"
#include "lib/parse.h"
#include "lib/reverse.h"
#include "lib/rewrite.h"
#include "maps.h"
#include "reasons.h"

/* What the kernel takes for an answer. */
enum verdict { VERDICT_REFUSE, VERDICT_PASS };

static __always_inline bool is_on_node(__u64 netns_cookie)
{
	return netns_cookie == host_netns;
}

/*
 * Finds the frontend that a socket dials. Returns as find_dialled; LEFT_TO_PACKETS or NOT_IN_RANGES where the
 * frontend has source ranges: a pod's address is known from its packets only, and the node's is in them or
 * not.
 */
static __always_inline enum reason find(const struct endpoint *dialled, enum protocol protocol, __u64 netns,
					struct frontend *frontend)
{
	enum reason reason = find_dialled(dialled, protocol, is_on_node(netns), frontend);

	if (reason || !(frontend->flags & FRONTEND_SOURCE_RANGES))
		return reason;
	if (!is_on_node(netns))
		return REASON_LEFT_TO_PACKETS;
	return frontend->flags & FRONTEND_NODE_ALLOWED ? 0 : REASON_NOT_IN_RANGES;
}

static __always_inline enum reason choose(const struct frontend *frontend, __u64 netns, __u32 chance,
					  bool mapped, struct endpoint *target)
{
	struct in6_addr client = namespace_client(netns);
	struct choice choice;
	enum reason reason;

	reason = choose_backend(frontend, &frontend->internal, &client, chance, mapped, &choice);
	if (!reason)
		*target = choice.endpoint;
	return reason;
}

static __always_inline enum reason dial(struct bpf_sock_addr *ctx, enum family family)
{
	struct endpoint dialled, target;
	struct frontend frontend;
	enum reason reason;
	__u64 cookie, netns;

	reason = parse_endpoint(ctx, family, &dialled);
	if (reason)
		return reason;
	cookie = bpf_get_socket_cookie(ctx);
	netns = bpf_get_netns_cookie(ctx);
	reason = find(&dialled, ctx->protocol, netns, &frontend);
	if (reason) {
		forget_peer(cookie);
		return reason;
	}
	reason = choose(&frontend, netns, random_chance(&frontend.internal), is_mapped(&dialled.address),
			&target);
	if (reason)
		return reason;
	remember_peer(cookie, &dialled, &target);
	rewrite_endpoint(ctx, family, &target);
	return 0;
}

/* A datagram to the frontend that the socket is connected to: only the peer's replies would get through. */
static __always_inline enum reason reuse_peer(struct bpf_sock_addr *ctx, enum family family, __u64 cookie,
					      const struct endpoint *dialled, struct endpoint *target)
{
	struct peer peer;
	enum reason reason;

	if (!is_connected(ctx))
		return REASON_NOT_REMEMBERED;
	*target = (struct endpoint){.address = parse_peer(ctx, family)};
	reason = recall_peer(cookie, &target->address, &peer);
	if (reason)
		return reason;
	target->port = peer.backend_port;
	return peer.frontend_port == dialled->port && same_address(&peer.frontend_address, &dialled->address)
		       ? 0
		       : REASON_NOT_REMEMBERED;
}

static __always_inline enum reason send(struct bpf_sock_addr *ctx, enum family family)
{
	struct endpoint dialled, target;
	struct frontend frontend;
	enum reason reason;
	__u64 cookie, netns;

	reason = parse_endpoint(ctx, family, &dialled);
	if (reason)
		return reason;
	cookie = bpf_get_socket_cookie(ctx);
	netns = bpf_get_netns_cookie(ctx);
	reason = find(&dialled, ctx->protocol, netns, &frontend);
	if (reason) {
		if (!is_connected(ctx))
			forget_sent(cookie, &dialled);
		return reason;
	}
	if (reuse_peer(ctx, family, cookie, &dialled, &target)) {
		reason = choose(&frontend, netns, socket_chance(cookie, &frontend),
				is_mapped(&dialled.address), &target);
		if (reason)
			return reason;
		remember_sent(cookie, &dialled, &target);
	}
	rewrite_endpoint(ctx, family, &target);
	return 0;
}

static __always_inline enum reason show_peer(struct bpf_sock_addr *ctx, enum family family)
{
	struct endpoint shown;
	enum reason reason;
	struct peer peer;

	reason = parse_endpoint(ctx, family, &shown);
	if (reason)
		return reason;
	reason = recall_peer(bpf_get_socket_cookie(ctx), &shown.address, &peer);
	if (reason)
		return reason;
	if (peer.backend_port != shown.port)
		return REASON_NOT_REMEMBERED;
	shown.address = peer.frontend_address;
	shown.port = peer.frontend_port;
	rewrite_endpoint(ctx, family, &shown);
	return 0;
}

static __always_inline enum reason show_sender(struct bpf_sock_addr *ctx, enum family family)
{
	struct endpoint sender, frontend;
	enum reason reason;

	if (is_connected(ctx))
		return show_peer(ctx, family);
	reason = parse_endpoint(ctx, family, &sender);
	if (reason)
		return reason;
	reason = recall_sent(bpf_get_socket_cookie(ctx), &sender, &frontend);
	if (reason)
		return reason;
	rewrite_endpoint(ctx, family, &frontend);
	return 0;
}

static __always_inline void note_dial(const struct endpoint *dialled, enum protocol protocol,
				      enum reason reason, enum hook hook)
{
	struct event_head *head;
	struct event *event = begin_event(&head);

	if (!event)
		return;
	event->flow.destination = dialled->address;
	event->flow.destination_port = dialled->port;
	event->flow.protocol = protocol;
	event->reason = reason;
	event->hook = hook;
	event->direction = DIRECTION_EGRESS;
	end_event(head, event);
}

/* Not inlined: it is rare, and its signature brings the enums into BTF. */
static __noinline enum verdict refuse(const struct endpoint *dialled, enum protocol protocol,
				      enum reason reason, enum hook hook, enum direction direction)
{
	if (!dialled)
		return VERDICT_REFUSE;
	count(reason, hook, direction);
	note_dial(dialled, protocol, reason, hook);
	if (refuse_with_errno)
		bpf_set_retval(-ECONNREFUSED);
	return VERDICT_REFUSE;
}

static __always_inline enum verdict conclude(struct bpf_sock_addr *ctx, enum family family,
					     enum reason reason, enum hook hook)
{
	struct endpoint dialled = {};

	if (reason < REASON_REFUSED) {
		count(reason, hook, DIRECTION_EGRESS);
		return VERDICT_PASS;
	}
	/* What cannot be parsed is refused all the same, and told of without its address. */
	parse_endpoint(ctx, family, &dialled);
	return refuse(&dialled, ctx->protocol, reason, hook, DIRECTION_EGRESS);
}

/*
 * Hook: connect() to an IPv4 address, TCP and UDP.
 * Maps read: svc_frontends, svc_slots, svc_backends, node_addresses, cluster. Maps written: sock_peers,
 * svc_affinity, random_state, counters, and events where it refuses. Outcomes: TRANSLATED to a backend;
 * NOT_FRONTEND, OTHER_PROTOCOL, LEFT_TO_PACKETS pass as they are; all others refuse.
 */
SEC("cgroup/connect4")
int sock_connect4(struct bpf_sock_addr *ctx)
{
	return conclude(ctx, FAMILY_IPV4, dial(ctx, FAMILY_IPV4), HOOK_CONNECT);
}

/* Hook: connect() to an IPv6 address, IPv4 mapped among them. Maps and outcomes: as sock_connect4. */
SEC("cgroup/connect6")
int sock_connect6(struct bpf_sock_addr *ctx)
{
	return conclude(ctx, FAMILY_IPV6, dial(ctx, FAMILY_IPV6), HOOK_CONNECT);
}

/*
 * Hook: sendto() and sendmsg() with an IPv4 address, UDP. IPv6 sockets come here too when they send to a
 * mapped address, even one that they are connected to. Maps read: as sock_connect4, and sock_peers. Maps
 * written: sock_reverse, sock_peers (the order of a set), svc_affinity, counters, events. Outcomes: as
 * sock_connect4.
 */
SEC("cgroup/sendmsg4")
int sock_sendmsg4(struct bpf_sock_addr *ctx)
{
	return conclude(ctx, FAMILY_IPV4, send(ctx, FAMILY_IPV4), HOOK_SENDMSG);
}

/* Hook: sendto() and sendmsg() with an IPv6 address, UDP. Maps and outcomes: as sock_sendmsg4. */
SEC("cgroup/sendmsg6")
int sock_sendmsg6(struct bpf_sock_addr *ctx)
{
	return conclude(ctx, FAMILY_IPV6, send(ctx, FAMILY_IPV6), HOOK_SENDMSG);
}

/*
 * Hook: recvfrom() and recvmsg() that ask for the sender, UDP over an IPv4 socket. The kernel lets it refuse
 * nothing. Maps read: sock_peers, sock_reverse. Maps written: sock_peers (the order of a set), counters.
 * Outcomes: TRANSLATED back to the frontend; NOT_REMEMBERED, OTHER_PROTOCOL pass as they are.
 */
SEC("cgroup/recvmsg4")
int sock_recvmsg4(struct bpf_sock_addr *ctx)
{
	count(show_sender(ctx, FAMILY_IPV4), HOOK_RECVMSG, DIRECTION_INGRESS);
	return VERDICT_PASS;
}

/* Hook: the same over an IPv6 socket, where IPv4 senders are mapped. Maps and outcomes: as sock_recvmsg4. */
SEC("cgroup/recvmsg6")
int sock_recvmsg6(struct bpf_sock_addr *ctx)
{
	count(show_sender(ctx, FAMILY_IPV6), HOOK_RECVMSG, DIRECTION_INGRESS);
	return VERDICT_PASS;
}

/*
 * Hook: getpeername() of an IPv4 socket, and accept() that asks for the client. The kernel lets it refuse
 * nothing. Maps read: sock_peers. Maps written: sock_peers (the order of a set), counters. Outcomes: as
 * sock_recvmsg4.
 */
SEC("cgroup/getpeername4")
int sock_getpeer4(struct bpf_sock_addr *ctx)
{
	count(show_peer(ctx, FAMILY_IPV4), HOOK_GETPEERNAME, DIRECTION_INGRESS);
	return VERDICT_PASS;
}

/* Hook: the same of an IPv6 socket. Maps and outcomes: as sock_getpeer4. */
SEC("cgroup/getpeername6")
int sock_getpeer6(struct bpf_sock_addr *ctx)
{
	count(show_peer(ctx, FAMILY_IPV6), HOOK_GETPEERNAME, DIRECTION_INGRESS);
	return VERDICT_PASS;
}

/* Returns 0, or NODE_PORT_TAKEN, or NOT_FRONTEND for what passes. */
static __always_inline enum reason check_bind(struct bpf_sock *ctx, bool mapped)
{
	struct endpoint any = {.port = bpf_htons(ctx->src_port)};
	struct frontend frontend;

	if (!is_node_port(any.port) || !is_on_node(bpf_get_netns_cookie(ctx)))
		return REASON_NOT_FRONTEND;
	if (mapped)
		any.address = map_ipv4(0);
	return find_frontend(&any, ctx->protocol, &frontend) ? REASON_NOT_FRONTEND : REASON_NODE_PORT_TAKEN;
}

/* As of a port that somebody has; before Linux 6.1, EPERM. */
static __always_inline enum verdict conclude_bind(struct bpf_sock *ctx, enum reason reason)
{
	struct endpoint bound = {.port = bpf_htons(ctx->src_port)};

	if (reason == REASON_NOT_FRONTEND)
		return VERDICT_PASS;
	count(reason, HOOK_POST_BIND, DIRECTION_EGRESS);
	note_dial(&bound, ctx->protocol, reason, HOOK_POST_BIND);
	if (refuse_with_errno)
		bpf_set_retval(-EADDRINUSE);
	return VERDICT_REFUSE;
}

/*
 * Hook: bind() of an IPv4 socket, after the port has been taken. A process of the node cannot have a
 * NodePort: its clients would reach the Service, or the Service's it. Maps read: svc_frontends. Maps written:
 * counters, events. Outcomes: NODE_PORT_TAKEN refuses.
 */
SEC("cgroup/post_bind4")
int sock_bind4(struct bpf_sock *ctx)
{
	return conclude_bind(ctx, check_bind(ctx, true));
}

/* Hook: the same of an IPv6 socket, which has the IPv4 port too. Maps and outcomes: as sock_bind4. */
SEC("cgroup/post_bind6")
int sock_bind6(struct bpf_sock *ctx)
{
	enum reason reason = check_bind(ctx, false);

	return conclude_bind(ctx, reason == REASON_NOT_FRONTEND ? check_bind(ctx, true) : reason);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
