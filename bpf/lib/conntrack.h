/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Follow flows of the packet path. Each stands in conntrack (what the client sends) and in conntrack_reply
 * (what the backend sends). Expiry is decided when an entry is met; what nobody meets, the LRU maps give up.
 */
#ifndef KPROXY_LIB_CONNTRACK_H
#define KPROXY_LIB_CONNTRACK_H

#include "backend.h"
#include "clock.h"
#include "packet.h"

/* As kube-proxy sets nf_conntrack_tcp_timeout_established, and the kernel's own for a handshake. */
#define TCP_TIMEOUT_NS (86400 * SECOND_NS)
#define UNREPLIED_TIMEOUT_NS (120 * SECOND_NS)

/* The flow as the backend's packets have it; with a source port of ours the client is that port alone. */
static __always_inline struct flow reply_flow(const struct flow *flow, const struct in6_addr *backend,
					      __be16 backend_port, __be16 snat_port)
{
	struct flow reply = {
		.source = *backend,
		.source_port = backend_port,
		.destination_port = snat_port ? snat_port : flow->source_port,
		.protocol = flow->protocol,
	};

	if (!snat_port)
		reply.destination = flow->source;
	return reply;
}

static __always_inline struct flow reply_flow_of(const struct flow *flow, const struct flow_target *target)
{
	return reply_flow(flow, &target->backend_address, target->backend_port, target->snat_port);
}

static __always_inline bool is_over(const struct reply_target *reply, enum protocol protocol, __u64 now)
{
	__u64 idle_ns = now - (reply->seen_ns ? reply->seen_ns : reply->created_ns);

	if (reply->flags & FLOW_RST || (reply->flags & FLOW_FIN && reply->flags & FLOW_OTHER_FIN))
		return true;
	if (protocol == PROTOCOL_UDP)
		return idle_ns > udp_timeout_s * SECOND_NS;
	return idle_ns > (reply->flags & FLOW_REPLIED ? TCP_TIMEOUT_NS : UNREPLIED_TIMEOUT_NS);
}

/* A packet that opens a connection on a flow that is known: is it a repetition, or has the old one ended?
 * Once a flow. */
static __noinline int may_reopen(const struct packet *packet, const struct flow_target *target, __u64 now)
{
	const struct reply_target *reply;
	struct flow key;

	if (!packet || !target)
		return true;
	key = reply_flow_of(&packet->flow, target);
	reply = bpf_map_lookup_elem(&conntrack_reply, &key);
	return !reply || target->flags & (FLOW_FIN | FLOW_RST) || reply->flags & (FLOW_FIN | FLOW_RST) ||
	       is_over(reply, packet->flow.protocol, now) || !find_kept(target->backend, target->reuse);
}

/* May the flow go on to its backend? One that terminates has left the ranges, and its flows end by
 * themselves. */
static __noinline int is_still_behind(const struct frontend *frontend, struct flow_target *target)
{
	const struct backend *backend;

	if (!frontend || !target)
		return false;
	backend = find_kept(target->backend, target->reuse);
	return backend && (is_still_in(&frontend->internal, target->backend, &target->slot) ||
			   is_still_in(&frontend->external, target->backend, &target->slot) ||
			   backend->state == BACKEND_TERMINATING);
}

/* Does the flow stay with its backend? TCP and SCTP do until they end; UDP never does, so it follows the
 * Service. */
static __always_inline bool stays(const struct packet *packet, const struct frontend *frontend,
				  struct flow_target *target, __u64 now)
{
	if (packet->flow.protocol == PROTOCOL_UDP)
		return now - target->seen_ns <= udp_timeout_s * SECOND_NS &&
		       is_still_behind(frontend, target);
	return !packet->opens || !may_reopen(packet, target, now);
}

/* The client ends its side. Once a flow. */
static __noinline void note_end(const struct packet *packet, struct flow_target *target)
{
	struct reply_target *reply;
	struct flow key;

	if (!packet || !target)
		return;
	key = reply_flow_of(&packet->flow, target);
	reply = bpf_map_lookup_elem(&conntrack_reply, &key);
	target->flags |= packet->ends;
	if (reply)
		reply->flags |= packet->ends & FLOW_RST ? FLOW_RST : FLOW_OTHER_FIN;
}

/* The flow is about to go elsewhere, or nowhere: nothing that its old backend still sends is a reply. */
static __noinline void forget_flow(const struct packet *packet, const struct flow_target *target)
{
	struct flow key;

	if (!packet || !target)
		return;
	key = reply_flow_of(&packet->flow, target);
	bpf_map_delete_elem(&conntrack_reply, &key);
	bpf_map_delete_elem(&conntrack, &packet->flow);
}

/* Where a known flow goes, or NULL: it is unknown, or has to pick anew. */
static __always_inline struct flow_target *follow_flow(const struct packet *packet,
						       const struct frontend *frontend, __u64 now)
{
	struct flow_target *target = bpf_map_lookup_elem(&conntrack, &packet->flow);

	if (!target)
		return NULL;
	if (!stays(packet, frontend, target, now)) {
		forget_flow(packet, target);
		return NULL;
	}
	touch(&target->seen_ns, now);
	if (packet->ends)
		note_end(packet, target);
	return target;
}

static __always_inline bool is_same_flow(const struct reply_target *a, const struct reply_target *b)
{
	return a->client_port == b->client_port && a->frontend_port == b->frontend_port &&
	       same_address(&a->client_address, &b->client_address) &&
	       same_address(&a->frontend_address, &b->frontend_address);
}

/* Takes a key of conntrack_reply for a flow, unless another one that goes on has it. */
static __always_inline bool claim_reply(const struct flow *key, const struct reply_target *reply)
{
	const struct reply_target *known;

	if (!bpf_map_update_elem(&conntrack_reply, key, reply, BPF_NOEXIST))
		return true;
	known = bpf_map_lookup_elem(&conntrack_reply, key);
	if (!known)
		return false;
	if (!is_same_flow(known, reply) && !is_over(known, key->protocol, reply->created_ns))
		return false;
	bpf_map_delete_elem(&conntrack_reply, key);
	return !bpf_map_update_elem(&conntrack_reply, key, reply, BPF_NOEXIST);
}

/* Has the client sent no datagram for long? That the backend has sent none does not end a flow. */
static __always_inline bool is_silent(const struct reply_target *reply, __u64 now)
{
	struct flow key = {
		.source = reply->client_address,
		.destination = reply->frontend_address,
		.source_port = reply->client_port,
		.destination_port = reply->frontend_port,
		.protocol = PROTOCOL_UDP,
	};
	const struct flow_target *target = bpf_map_lookup_elem(&conntrack, &key);

	return !target || now - target->seen_ns > udp_timeout_s * SECOND_NS;
}

/*
 * Is a packet with the ports of a flow that is over one of another flow? A client may dial the backend
 * itself, from a port that it had, or that we had, in a flow to its Service. What opens a connection tells,
 * what answers that, and any datagram. Not inlined: rare.
 */
static __noinline int is_of_another(const struct packet *packet, const struct reply_target *reply, __u64 now)
{
	if (!packet || !reply)
		return false;
	return packet->flow.protocol == PROTOCOL_UDP ? is_silent(reply, now)
						     : packet->opens || packet->answers;
}

static __always_inline bool gives_way(const struct packet *packet, const struct reply_target *reply,
				      __u64 now)
{
	return is_over(reply, packet->flow.protocol, now) && is_of_another(packet, reply, now);
}

/* What the backend sends from now on is no reply. `packet` is the backend's. Not inlined: rare. */
static __noinline int forget_reply(const struct packet *packet, const struct reply_target *reply)
{
	struct flow key;

	if (!packet || !reply)
		return 0;
	key = packet->flow;
	if (is_set(&reply->snat_address))
		key.destination = (struct in6_addr){};
	bpf_map_delete_elem(&conntrack_reply, &key);
	return 0;
}

/* A packet of the backend's side. */
static __always_inline void note_reply(const struct packet *packet, struct reply_target *reply, __u64 now)
{
	enum flow_flag flags = FLOW_REPLIED | packet->ends;

	touch(&reply->seen_ns, now);
	if ((reply->flags & flags) != flags)
		reply->flags |= flags;
}

#endif
