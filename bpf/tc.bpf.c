// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Service load balancing in packets, for what no socket hook here has translated. Ingress rewrites where a
 * packet goes, egress where it comes from; in between the kernel sees client and backend.
 * kproxy/docs/packet-path.md has the whole picture.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "config.h"
#include "lib/affinity.h"
#include "lib/backend.h"
#include "lib/conntrack.h"
#include "lib/count.h"
#include "lib/event.h"
#include "lib/frontend.h"
#include "lib/packet.h"
#include "lib/policy.h"
#include "lib/reject.h"
#include "lib/rewrite_packet.h"
#include "lib/source.h"
#include "maps.h"
#include "reasons.h"

/* What the kernel takes for an answer, from a tcx link and from a clsact filter alike. */
enum verdict { VERDICT_NEXT = -1, VERDICT_DROP = 2 };

static __always_inline bool is_internal(const struct flow *flow, bool from_pod)
{
	const struct cluster *ranges;

	if (from_pod)
		return true;
	ranges = find_cluster();
	return ranges && in_prefixes(ranges->pod_cidr, ranges->pod_cidrs, &flow->source);
}

static __always_inline bool is_in_ranges(const struct frontend *frontend, const struct in6_addr *client)
{
	struct range_key key = {
		.prefix_length = 8 * (sizeof(key.service) + sizeof(key.address)),
		.service = frontend->service,
		.address = *client,
	};

	return !(frontend->flags & FRONTEND_SOURCE_RANGES) || bpf_map_lookup_elem(&svc_ranges, &key);
}

/* Not inlined, for its stack. Returns 0, NO_BACKEND, NO_LOCAL_BACKEND, NOT_IN_RANGES, or as pick_backend. */
static __noinline enum reason admit(const struct flow *flow, const struct frontend *frontend, bool from_pod,
				    struct choice *choice)
{
	struct slot_range range;
	bool internal;

	if (!flow || !frontend || !choice)
		return REASON_BAD_PACKET;
	internal = is_internal(flow, from_pod);
	range = internal ? frontend->internal : frontend->external;
	if (!is_in_ranges(frontend, &flow->source))
		return REASON_NOT_IN_RANGES;
	if (!range.count && !internal && frontend->flags & FRONTEND_LOCAL_EXTERNAL &&
	    frontend->internal.count)
		return REASON_NO_LOCAL_BACKEND;
	return choose_backend(frontend, &range, &flow->source, random_chance(&range),
			      is_mapped(&flow->destination), choice);
}

static __always_inline void go_to(const struct flow_target *target, struct flow *to)
{
	to->destination = target->backend_address;
	to->destination_port = target->backend_port;
	if (target->snat_port)
		to->source_port = target->snat_port;
}

/* Takes a place among the replies as the client is, where that is free. Not inlined, for its stack. */
static __noinline int claim_plain(const struct flow *flow, const struct choice *choice,
				  const struct reply_target *reply)
{
	struct flow key;

	if (!flow || !choice || !reply)
		return false;
	key = reply_flow(flow, &choice->endpoint.address, choice->endpoint.port, 0);
	return !is_ambiguous(&key) && claim_reply(&key, reply);
}

/* The address of ours that the flow's packets get. Not inlined, for its stack. */
static __noinline int choose_address(struct __sk_buff *skb, const struct flow *flow,
				     const struct choice *choice, struct in6_addr *address)
{
	bool ipv6;

	if (!skb || !flow || !choice || !address)
		return false;
	ipv6 = !is_mapped(&flow->destination);
	return find_source(route_device(skb, flow, &choice->endpoint.address, ipv6), ipv6, address);
}

/* Takes a place among the replies with a source port of ours. Returns 0 or NO_SNAT_PORT. */
static __always_inline enum reason choose_port(enum protocol protocol, const struct choice *choice,
					       struct opening *flow)
{
	__builtin_memset(&flow->key, 0, sizeof(flow->key));
	flow->key.source = choice->endpoint.address;
	flow->key.source_port = choice->endpoint.port;
	flow->key.protocol = protocol;
	flow->target.snat_port = claim_port(choice->number);
	return flow->target.snat_port ? 0 : REASON_NO_SNAT_PORT;
}

/* Field by field, here and around: a literal would first be made on the stack, of which few bytes are left.
 */
static __always_inline void begin_reply(struct reply_target *reply, const struct flow *flow)
{
	__builtin_memset(reply, 0, sizeof(*reply));
	reply->frontend_address = flow->destination;
	reply->frontend_port = flow->destination_port;
	reply->client_address = flow->source;
	reply->client_port = flow->source_port;
	reply->created_ns = now_ns();
}

static __always_inline void begin_target(struct flow_target *target, const struct choice *choice)
{
	__builtin_memset(target, 0, sizeof(*target));
	target->backend_address = choice->endpoint.address;
	target->backend_port = choice->endpoint.port;
	target->backend = choice->number;
	target->slot = choice->slot;
	target->reuse = choice->reuse;
	target->seen_ns = now_ns();
}

/*
 * Picks a backend for the flow in `opening`, and writes the flow down. A function of its own that takes
 * context and numbers alone, for the verifier to walk once. Returns 0 or the reason why not.
 */
__attribute__((noinline)) int begin_flow(struct __sk_buff *skb, __u32 from_pod)
{
	struct choice choice = {};
	struct opening *flow;
	enum reason reason;
	__u32 only = 0;

	flow = bpf_map_lookup_elem(&opening, &only);
	if (!flow)
		return REASON_NOT_TRACKED;
	reason = admit(&flow->client_flow, &flow->frontend, from_pod, &choice);
	if (reason)
		return reason;
	begin_target(&flow->target, &choice);
	begin_reply(&flow->reply, &flow->client_flow);
	if (needs_source(&flow->client_flow, &choice, from_pod) ||
	    !claim_plain(&flow->client_flow, &choice, &flow->reply)) {
		if (!choose_address(skb, &flow->client_flow, &choice, &flow->reply.snat_address))
			return REASON_NO_SNAT_ADDRESS;
		reason = choose_port(flow->client_flow.protocol, &choice, flow);
		if (reason)
			return reason;
	}
	return bpf_map_update_elem(&conntrack, &flow->client_flow, &flow->target, BPF_ANY)
		       ? REASON_NOT_TRACKED
		       : 0;
}

/* A flow that is not known yet. Returns 0 or why it is refused. */
static __always_inline enum reason open_flow(struct __sk_buff *skb, const struct packet *packet,
					     const struct frontend *frontend, bool from_pod, struct flow *to)
{
	struct opening *flow;
	enum reason reason;
	__u32 only = 0;

	flow = bpf_map_lookup_elem(&opening, &only);
	if (!flow)
		return REASON_NOT_TRACKED;
	flow->client_flow = packet->flow;
	flow->frontend = *frontend;
	reason = begin_flow(skb, from_pod);
	if (!reason)
		go_to(&flow->target, to);
	return reason;
}

/* A reply to a source of ours: where its client is. The port stays ours until egress. */
static __noinline int find_client(const struct packet *packet, struct flow *to)
{
	const struct reply_target *reply;
	struct flow key;

	if (!packet || !to)
		return false;
	key = packet->flow;
	key.destination = (struct in6_addr){};
	reply = bpf_map_lookup_elem(&conntrack_reply, &key);
	if (!reply || !same_address(&reply->snat_address, &packet->flow.destination))
		return false;
	to->destination = reply->client_address;
	return true;
}

/* Where the packet goes. Returns 0, or the reason to pass, drop or reject it. */
static __always_inline enum reason find_destination(struct __sk_buff *skb, const struct packet *packet,
						    bool from_pod, struct flow *to)
{
	struct endpoint dialled = {
		.address = packet->flow.destination,
		.port = packet->flow.destination_port,
	};
	const struct flow_target *known;
	struct frontend frontend;
	enum reason reason;

	if (is_snat_port(packet->flow.destination_port) && find_client(packet, to))
		return 0;
	if (packet->kind == PACKET_ERROR) {
		known = bpf_map_lookup_elem(&conntrack, &packet->flow);
		if (known)
			go_to(known, to);
		return known ? 0 : REASON_NOT_REMEMBERED;
	}
	reason = find_dialled(&dialled, packet->flow.protocol, false, &frontend);
	if (reason)
		return reason;
	known = follow_flow(packet, &frontend, now_ns());
	if (!known)
		return open_flow(skb, packet, &frontend, from_pod, to);
	go_to(known, to);
	return 0;
}

/* A packet of a backend to its client: it comes from the frontend. */
static __always_inline bool find_frontend_of_reply(const struct packet *packet, struct flow *to)
{
	struct reply_target *reply = NULL;
	__u64 now;

	if (is_snat_port(packet->flow.destination_port)) {
		struct flow key = packet->flow;

		key.destination = (struct in6_addr){};
		reply = bpf_map_lookup_elem(&conntrack_reply, &key);
		if (reply && !same_address(&reply->client_address, &packet->flow.destination))
			reply = NULL;
	}
	if (!reply)
		reply = bpf_map_lookup_elem(&conntrack_reply, &packet->flow);
	if (!reply)
		return false;
	now = now_ns();
	if (gives_way(packet, reply, now)) {
		forget_reply(packet, reply);
		return false;
	}
	to->source = reply->frontend_address;
	to->source_port = reply->frontend_port;
	to->destination_port = reply->client_port;
	if (packet->kind != PACKET_ERROR)
		note_reply(packet, reply, now);
	return true;
}

/* A packet of a client, with a port of ours: it gets an address of ours. */
static __always_inline bool find_own_source(const struct packet *packet, struct flow *to)
{
	struct flow key = {
		.source = packet->flow.destination,
		.source_port = packet->flow.destination_port,
		.destination_port = packet->flow.source_port,
		.protocol = packet->flow.protocol,
	};
	const struct reply_target *reply;

	if (!is_snat_port(packet->flow.source_port))
		return false;
	reply = bpf_map_lookup_elem(&conntrack_reply, &key);
	if (!reply || !same_address(&reply->client_address, &packet->flow.source) ||
	    gives_way(packet, reply, now_ns()))
		return false;
	to->source = reply->snat_address;
	return true;
}

/* Where the packet comes from. Returns 0, NOT_REMEMBERED, HIDDEN_REDIRECT or NO_SUCH_SERVICE. */
static __always_inline enum reason find_origin(const struct packet *packet, bool to_pod, struct flow *to)
{
	if (!find_own_source(packet, to) && !find_frontend_of_reply(packet, to)) {
		/* Nobody out there has a ClusterIP: it would come back and go out again. */
		if (!to_pod && packet->kind != PACKET_ERROR && is_service_address(&packet->flow.destination))
			return REASON_NO_SUCH_SERVICE;
		return REASON_NOT_REMEMBERED;
	}
	if (packet->kind == PACKET_ERROR && !packet->ipv6 && packet->icmp_type == ICMP_REDIRECT)
		return REASON_HIDDEN_REDIRECT;
	return 0;
}

static __always_inline bool is_rejected(enum reason reason)
{
	return reason == REASON_NO_BACKEND || reason == REASON_NO_SUCH_PORT;
}

static __always_inline enum hook packet_hook(bool pod)
{
	return pod ? HOOK_POD : HOOK_NODE;
}

static __always_inline bool is_of_policy(enum reason reason)
{
	return reason == REASON_POLICY_EGRESS || reason == REASON_POLICY_INGRESS ||
	       reason == REASON_FLOW_ALLOWED;
}

/* Whom policy has judged, and by what. */
static __always_inline void note_judgement(struct event *event)
{
	const struct judgement *about;
	__u32 only = 0;

	about = bpf_map_lookup_elem(&judging, &only);
	if (!about)
		return;
	event->peer = about->flow.destination;
	event->peer_port = about->flow.destination_port;
	event->policy_set = about->policy_set;
	event->rule = about->rule;
}

/* Not inlined: it is rare. */
static __noinline int note_packet(struct __sk_buff *skb, const struct packet *packet, enum reason reason,
				  enum hook hook, enum direction direction)
{
	struct event_head *head;
	struct event *event;

	if (!skb || !packet)
		return 0;
	event = begin_event(&head);
	if (!event)
		return 0;
	event->flow = packet->flow;
	event->ifindex = skb->ifindex;
	event->length = skb->len;
	event->reason = reason;
	event->hook = hook;
	event->direction = direction;
	if (is_of_policy(reason))
		note_judgement(event);
	end_event(head, event);
	return 0;
}

/* Not inlined: it is rare, and its signature brings the enums into BTF. */
static __noinline int refuse(struct __sk_buff *skb, const struct packet *packet, enum reason reason,
			     enum hook hook, enum direction direction)
{
	if (!skb || !packet)
		return VERDICT_DROP;
	count_packet(reason, hook, direction, skb->len);
	note_packet(skb, packet, reason, hook, direction);
	if (direction == DIRECTION_INGRESS && is_rejected(reason) && write_rejection(skb, packet))
		return bpf_redirect(skb->ifindex, 0);
	return VERDICT_DROP;
}

/* What passes as it is goes uncounted: that is everything else on the machine, and counting costs 8 ns. */
static __always_inline int conclude(struct __sk_buff *skb, const struct packet *packet, enum reason reason,
				    enum hook hook, enum direction direction)
{
	if (reason >= REASON_REFUSED)
		return refuse(skb, packet, reason, hook, direction);
	if (!reason)
		count_packet(reason, hook, direction, skb->len);
	return VERDICT_NEXT;
}

/* Whether policy has a say in it: in all that is IP and may pass. */
static __always_inline bool is_judged(enum reason reason)
{
	return reason < REASON_REFUSED && reason != REASON_NOT_IP && reason != REASON_TAGGED;
}

/* Judges a packet of a pod and notes where it opens a flow. Returns 0 or the reason why it does not pass. */
static __always_inline enum reason apply_policy(struct __sk_buff *skb, const struct packet *packet,
						const struct flow *flow, enum direction direction,
						bool portless)
{
	bool sends = direction == DIRECTION_EGRESS;
	enum reason reason;

	reason = judge_packet(skb, packet, flow, direction, portless);
	if (reason != REASON_FLOW_ALLOWED)
		return reason;
	note_packet(skb, packet, reason, HOOK_POD, sends ? DIRECTION_INGRESS : DIRECTION_EGRESS);
	return 0;
}

static __always_inline int ingress(struct __sk_buff *skb, bool pod)
{
	struct packet packet = {};
	enum reason reason, denied = 0;
	bool portless;
	struct flow to;

	reason = parse_packet(skb, &packet);
	portless = reason;
	to = packet.flow;
	if (!reason)
		reason = find_destination(skb, &packet, pod, &to);
	if (pod && is_judged(reason))
		denied = apply_policy(skb, &packet, &to, DIRECTION_EGRESS, portless);
	if (denied)
		reason = denied;
	else if (!reason)
		reason = rewrite_packet(skb, &packet, &to);
	return conclude(skb, &packet, reason, packet_hook(pod), DIRECTION_INGRESS);
}

static __always_inline int egress(struct __sk_buff *skb, bool pod)
{
	struct packet packet = {};
	enum reason reason, denied = 0;
	struct flow to;

	reason = parse_packet(skb, &packet);
	if (pod && is_judged(reason))
		denied = apply_policy(skb, &packet, &packet.flow, DIRECTION_INGRESS, reason);
	if (denied) {
		reason = denied;
	} else if (!reason) {
		to = packet.flow;
		reason = find_origin(&packet, pod, &to);
		if (!reason)
			reason = rewrite_packet(skb, &packet, &to);
	}
	return conclude(skb, &packet, reason, packet_hook(pod), DIRECTION_EGRESS);
}

/*
 * Hook: what comes in by a device that leads to other machines. Maps read: svc_frontends, svc_slots,
 * svc_backends, svc_ranges, node_addresses, cluster, devices. Maps written: conntrack, conntrack_reply,
 * fragments, svc_affinity, random_state, counters, and events where it drops. Outcomes: TRANSLATED;
 * NOT_FRONTEND, NOT_REMEMBERED, OTHER_PROTOCOL, NOT_IP, TAGGED pass as they are; NO_BACKEND, NO_SUCH_PORT are
 * rejected; all others are dropped.
 */
SEC("tc")
int tc_node_ingress(struct __sk_buff *skb)
{
	return ingress(skb, false);
}

/*
 * Hook: what a pod of this node sends. Maps and outcomes: as tc_node_ingress, and with policy: maps read:
 * policy_state, pod_interfaces, pods, own_addresses, peer_addresses, peer_classes, policy_rules. Maps
 * written: policy_flows, rule_hits, events. Outcomes: FLOW_ALLOWED passes; POLICY_EGRESS, UNKNOWN_POD,
 * SPOOFED_SOURCE are dropped.
 */
SEC("tc")
int tc_pod_ingress(struct __sk_buff *skb)
{
	return ingress(skb, true);
}

/*
 * Hook: what goes out by a device that leads to other machines. Maps read: conntrack, conntrack_reply,
 * cluster. Maps written: conntrack_reply, fragments, counters, and events where it drops. Outcomes:
 * TRANSLATED; NOT_REMEMBERED, OTHER_PROTOCOL, NOT_IP, TAGGED pass as they are; HIDDEN_REDIRECT,
 * NO_SUCH_SERVICE, FRAGMENT_MISSED, BAD_PACKET are dropped.
 */
SEC("tc")
int tc_node_egress(struct __sk_buff *skb)
{
	return egress(skb, false);
}

/*
 * Hook: what a pod of this node is sent. Maps and outcomes: as tc_node_egress, without NO_SUCH_SERVICE; and
 * those of policy as tc_pod_ingress has them, with POLICY_INGRESS for POLICY_EGRESS, and no SPOOFED_SOURCE.
 */
SEC("tc")
int tc_pod_egress(struct __sk_buff *skb)
{
	return egress(skb, true);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
