/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Judge packets of pods by policy.
 *
 * Between the translation at the way in and that at the way out a packet has its client's own address and the
 * backend's. That is what is judged and remembered, on both sides of a flow alike: so policy sees the backend
 * behind a Service, and the client behind a source that this node translates.
 */
#ifndef KPROXY_LIB_POLICY_H
#define KPROXY_LIB_POLICY_H

#include "conntrack.h"
#include "packet.h"

/* Bits of a policy_key after its length. */
#define POLICY_KEY_BITS 96

#define ICMP_ECHO_REPLY 0
#define ICMP_ECHO 8
#define ICMP6_ECHO 128
#define ICMP6_ECHO_REPLY 129
#define ICMP6_MULTICAST_QUERY 130
#define ICMP6_REDIRECT 137
#define ICMP6_MULTICAST_REPORT2 143

static __always_inline const struct policy_state *find_policy(void)
{
	const struct policy_state *state;
	__u32 only = 0;

	state = bpf_map_lookup_elem(&policy_state, &only);
	return state && state->flags & POLICY_ENFORCED ? state : NULL;
}

/* Of what every interface needs to talk at all: neighbours, routers, groups. */
static __always_inline bool is_neighbour_talk(__u8 type)
{
	return (type >= ICMP6_MULTICAST_QUERY && type <= ICMP6_REDIRECT) || type == ICMP6_MULTICAST_REPORT2;
}

/* Whether a packet is an echo, and its sender the one who asks or the one who answers. */
enum echo { ECHO_NONE, ECHO_ASKED, ECHO_ANSWERED };

static __always_inline enum echo echo_of(__u8 type, bool ipv6)
{
	if (type == (ipv6 ? ICMP6_ECHO : ICMP_ECHO))
		return ECHO_ASKED;
	return type == (ipv6 ? ICMP6_ECHO_REPLY : ICMP_ECHO_REPLY) ? ECHO_ANSWERED : ECHO_NONE;
}

/*
 * What a packet without ports is told by: of an echo its identifier, and who asks: being asked is not leave
 * to ask. Not inlined: few packets are such.
 */
static __noinline int describe_portless(struct __sk_buff *skb, const struct packet *packet,
					struct judgement *about, bool sends)
{
	struct icmp_header icmp;
	enum echo echo;
	__u16 type;

	if (!skb || !packet || !about)
		return 0;
	about->flow.source_port = 0;
	about->flow.destination_port = 0;
	if (packet->flow.protocol != IPPROTO_ICMP && packet->flow.protocol != IPPROTO_ICMPV6)
		return 0;
	if (packet->fragmented) {
		type = bpf_ntohs(packet->flow.destination_port);
		echo = type & ICMP_TYPE_KNOWN ? echo_of(type, packet->ipv6) : ECHO_NONE;
		icmp.rest = packet->flow.source_port;
	} else {
		if (bpf_skb_load_bytes(skb, packet->transport, &icmp, sizeof(icmp)))
			return 0;
		echo = echo_of(icmp.type, packet->ipv6);
		about->neighbour = packet->ipv6 && is_neighbour_talk(icmp.type);
	}
	/* Nothing but an echo opens a flow. */
	about->error = echo == ECHO_NONE;
	if (about->error)
		return 0;
	about->flow.source_port = (__be16)icmp.rest;
	about->flow.destination_port = (echo == ECHO_ASKED) == sends;
	return 0;
}

/* From the pod's side. */
static __always_inline void turn_round(struct flow *to, const struct flow *from)
{
	to->source = from->destination;
	to->destination = from->source;
	to->source_port = from->destination_port;
	to->destination_port = from->source_port;
	to->protocol = from->protocol;
}

static __always_inline bool has_connections(enum protocol protocol)
{
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_SCTP;
}

/* Whether what is remembered is of this flow still: one that was silent for too long has ended. */
static __always_inline bool goes_on(const struct policy_flow *known, const struct judgement *about, __u64 now)
{
	__u64 timeout_ns = has_connections(about->flow.protocol) ? TCP_TIMEOUT_NS : udp_timeout_s * SECOND_NS;

	return known->ifindex == about->ifindex && now - known->seen_ns <= timeout_ns;
}

static __always_inline bool is_settled(const struct policy_flow *known, const struct policy_state *state)
{
	return !(state->flags & POLICY_RECHECKED) || known->epoch == state->epoch;
}

static __always_inline __u32 class_of(const struct in6_addr *peer, __u32 generation)
{
	struct peer_prefix key = {.prefix_length = 160, .generation = generation, .address = *peer};
	const __u32 *found;

	/* What follows the length in the one key is the other. */
	found = bpf_map_lookup_elem(&peer_addresses, &key.generation);
	if (!found)
		found = bpf_map_lookup_elem(&peer_classes, &key);
	return found ? *found : 0;
}

static __always_inline const __u32 *find_rule(const struct pod *pod, __u32 peer_class,
					      enum direction direction, const struct flow *flow)
{
	struct policy_key key = {
		.prefix_length = POLICY_KEY_BITS,
		.policy_set = pod->policy_set,
		.peer_class = peer_class,
		.direction = direction,
		.protocol = flow->protocol,
		/* Where the packet goes: to the peer, or to the pod. */
		.port = direction == DIRECTION_EGRESS ? flow->destination_port : flow->source_port,
	};

	return bpf_map_lookup_elem(&policy_rules, &key);
}

static __always_inline void count_hit(__u32 rule)
{
	__u64 *hits = bpf_map_lookup_elem(&rule_hits, &rule);

	if (hits)
		__sync_fetch_and_add(hits, 1);
}

/* Whether rules let the flow pass: -1 not, else the rule's number; 0: the pod is not isolated. */
static __noinline int apply_rules(const struct pod *pod, const struct flow *flow, __u32 direction)
{
	bool sends = direction == DIRECTION_EGRESS;
	const __u32 *rule;
	__u32 peer_class;

	if (!pod || !flow)
		return -1;
	if (!(pod->flags & (sends ? POD_ISOLATED_EGRESS : POD_ISOLATED_INGRESS)))
		return 0;
	peer_class = class_of(&flow->destination, pod->generation);
	rule = peer_class ? find_rule(pod, peer_class, direction, flow) : NULL;
	if (!rule && pod->flags & (sends ? POD_ANY_EGRESS : POD_ANY_INGRESS))
		rule = find_rule(pod, ANY_CLASS, direction, flow);
	return rule ? (int)*rule : -1;
}

static __always_inline void remember_flow(const struct judgement *about, __u32 rule, __u32 direction,
					  __u32 epoch, __u64 now)
{
	struct policy_flow known = {
		.seen_ns = now,
		.ifindex = about->ifindex,
		.epoch = epoch,
		.rule = rule,
		.direction = direction,
	};

	bpf_map_update_elem(&policy_flows, &about->flow, &known, BPF_ANY);
}

/*
 * Whether the packet is of a connection that was there before policy was enforced. One that does not exist is
 * not made by such a packet: it takes one that opens.
 */
static __always_inline bool is_adopted(const struct judgement *about, const struct policy_state *state,
				       const struct policy_flow *known, __u64 now)
{
	return now < state->adopt_until_ns && !known && !about->opens &&
	       has_connections(about->flow.protocol);
}

/* A pod's own node reaches it, whatever rules say. */
static __always_inline bool is_own_node(const struct in6_addr *peer, __u32 direction)
{
	return direction == DIRECTION_INGRESS && bpf_map_lookup_elem(&own_addresses, peer);
}

static __always_inline enum reason judge_unknown(const struct policy_state *state)
{
	return state->flags & POLICY_UNKNOWN_ALLOWED ? 0 : REASON_UNKNOWN_POD;
}

/*
 * Judges a flow that is not remembered, or begins anew; `known`: what is remembered of it, if it
 * goes on. Returns as judge_packet.
 */
static __always_inline enum reason judge_new(struct judgement *about, const struct policy_state *state,
					     const struct policy_flow *known, __u32 direction, __u64 now)
{
	const enum pod_interface *interface;
	const struct pod *pod;
	int rule;

	interface = bpf_map_lookup_elem(&pod_interfaces, &about->ifindex);
	if (!interface || about->neighbour)
		return 0;
	if (*interface == POD_INTERFACE_CONTESTED)
		return REASON_UNKNOWN_POD;
	pod = bpf_map_lookup_elem(&pods, &about->flow.source);
	if (!pod || pod->ifindex != about->ifindex) {
		if (*interface == POD_INTERFACE_UNKNOWN)
			return judge_unknown(state);
		/* What it is sent may be for a group, or for an address of its own making. */
		return direction == DIRECTION_EGRESS ? REASON_SPOOFED_SOURCE : 0;
	}
	about->policy_set = pod->policy_set;
	if (same_address(&about->flow.source, &about->flow.destination))
		return 0;
	/* Established, and judged again: by its first packet's direction. */
	if (known && !about->opens)
		direction = known->direction;
	if (is_adopted(about, state, known, now) || is_own_node(&about->flow.destination, direction))
		rule = 0;
	else
		rule = apply_rules(pod, &about->flow, direction);
	if (rule < 0)
		return direction == DIRECTION_EGRESS ? REASON_POLICY_EGRESS : REASON_POLICY_INGRESS;
	/* An error that quotes no remembered flow opens none. */
	if (about->error)
		return 0;
	if (rule)
		count_hit(rule);
	remember_flow(about, rule, direction, state->epoch, now);
	about->rule = rule;
	return state->flags & POLICY_FLOWS_NOTED ? REASON_FLOW_ALLOWED : 0;
}

/*
 * Judges the packet in `judging`. A function of its own that takes context and numbers alone, for the
 * verifier to walk once. Returns as judge_packet.
 */
__attribute__((noinline)) int judge(struct __sk_buff *skb, __u32 direction)
{
	const struct policy_state *state = find_policy();
	struct judgement *about;
	struct policy_flow *known;
	__u32 only = 0;
	__u64 now;

	about = bpf_map_lookup_elem(&judging, &only);
	if (!skb || !state || !about)
		return 0;
	now = now_ns();
	known = bpf_map_lookup_elem(&policy_flows, &about->flow);
	if (known && !goes_on(known, about, now))
		known = NULL;
	if (known && !about->opens && is_settled(known, state)) {
		touch(&known->seen_ns, now);
		return 0;
	}
	return judge_new(about, state, known, direction, now);
}

/*
 * Judges a packet of a pod's interface, where policy is enforced. `flow` is what it is between its
 * translations. Returns the reason why it does not pass, FLOW_ALLOWED where that is to be noted, or 0.
 */
static __always_inline enum reason judge_packet(struct __sk_buff *skb, const struct packet *packet,
						const struct flow *flow, enum direction direction,
						bool portless)
{
	struct judgement *about;
	__u32 only = 0;

	if (!find_policy())
		return 0;
	about = bpf_map_lookup_elem(&judging, &only);
	if (!about)
		return REASON_NOT_TRACKED;
	__builtin_memset(about, 0, sizeof(*about));
	if (direction == DIRECTION_EGRESS)
		about->flow = *flow;
	else
		turn_round(&about->flow, flow);
	about->ifindex = skb->ifindex;
	about->opens = packet->opens;
	about->error = !portless && packet->kind == PACKET_ERROR;
	if (portless)
		describe_portless(skb, packet, about, direction == DIRECTION_EGRESS);
	return judge(skb, direction);
}

#endif
