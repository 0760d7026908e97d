// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What the packet path costs: the real programs, each behind a step that makes the packet anew, because a
 * test run hands a program its own output. The step alone is measured beside, and so is a floor: parse, look
 * up one key of 40 bytes and one of 20, rewrite.
 */
#include "../../bpf/tc.bpf.c"
#include "bench.h"

#define CLIENT 0xc6336401         /* 198.51.100.1 */
#define NODE 0xc000020b           /* 192.0.2.11 */
#define FIRST_FRONTEND 0x0a600000 /* 10.96.0.0 */
#define FIRST_BACKEND 0x0a800000  /* 10.128.0.0 */
#define NOBODY 0xcb007100         /* 203.0.113.0 */
#define CLIENT_PORT 40000
#define PORT 80
#define BACKEND_PORT 8080

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} services SEC(".maps") DOC("How many Services there are to choose from.");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 131072);
	__type(key, __u32);
	__type(value, __u32);
} own_ports SEC(".maps") DOC("Source port, in wire order, that the flow to each Service was given.");

static __always_inline __u32 any_service(void)
{
	__u32 only = 0;
	__u32 *count = bpf_map_lookup_elem(&services, &only);

	return any_of(count);
}

static __always_inline __be16 own_port(__u32 service)
{
	__u32 *port = bpf_map_lookup_elem(&own_ports, &service);

	return port ? *port : 0;
}

/* A client's packet on a flow that is known after the first round. */
static __always_inline void known(struct __sk_buff *skb)
{
	make_packet(skb, (struct ends){CLIENT, FIRST_FRONTEND + any_service(), bpf_htons(CLIENT_PORT),
				       bpf_htons(PORT), TCP_FLAG_ACK});
}

static __always_inline void fresh(struct __sk_buff *skb)
{
	__u32 client = roll();

	make_packet(skb, (struct ends){0x64400000 | (client & 0x3fffff), FIRST_FRONTEND + any_service(),
				       roll() >> 16, bpf_htons(PORT), TCP_FLAG_SYN});
}

static __always_inline void foreign(struct __sk_buff *skb)
{
	make_packet(skb, (struct ends){CLIENT, NOBODY + (any_service() & 0xff), bpf_htons(CLIENT_PORT),
				       bpf_htons(PORT), TCP_FLAG_ACK});
}

static __always_inline void reply(struct __sk_buff *skb)
{
	make_packet(skb, (struct ends){FIRST_BACKEND + any_service(), CLIENT, bpf_htons(BACKEND_PORT),
				       bpf_htons(CLIENT_PORT), TCP_FLAG_ACK});
}

/* Between ingress and egress, with a port of ours. */
static __always_inline void leaving(struct __sk_buff *skb)
{
	__u32 service = any_service();

	make_packet(skb, (struct ends){CLIENT, FIRST_BACKEND + service, own_port(service),
				       bpf_htons(BACKEND_PORT), TCP_FLAG_ACK});
}

static __always_inline void reply_to_node(struct __sk_buff *skb)
{
	__u32 service = any_service();

	make_packet(skb, (struct ends){FIRST_BACKEND + service, NODE, bpf_htons(BACKEND_PORT),
				       own_port(service), TCP_FLAG_ACK});
}

static __always_inline void reply_to_client(struct __sk_buff *skb)
{
	__u32 service = any_service();

	make_packet(skb, (struct ends){FIRST_BACKEND + service, CLIENT, bpf_htons(BACKEND_PORT),
				       own_port(service), TCP_FLAG_ACK});
}

static __always_inline int one_lookup(struct __sk_buff *skb)
{
	struct packet packet = {};
	struct frontend_key key = {.protocol = PROTOCOL_TCP};

	if (parse_packet(skb, &packet))
		return VERDICT_DROP;
	key.address = packet.flow.destination;
	key.port = packet.flow.destination_port;
	return bpf_map_lookup_elem(&svc_frontends, &key) ? 0 : 1;
}

static __always_inline int floor_of_known(struct __sk_buff *skb)
{
	struct packet packet = {};
	struct frontend_key key = {.protocol = PROTOCOL_TCP};
	const struct flow_target *target;
	struct flow to;

	if (parse_packet(skb, &packet))
		return VERDICT_DROP;
	key.address = packet.flow.destination;
	key.port = packet.flow.destination_port;
	if (!bpf_map_lookup_elem(&svc_frontends, &key))
		return VERDICT_DROP;
	target = bpf_map_lookup_elem(&conntrack, &packet.flow);
	if (!target)
		return VERDICT_DROP;
	to = packet.flow;
	go_to(target, &to);
	return rewrite_packet(skb, &packet, &to) ? VERDICT_DROP : VERDICT_NEXT;
}

BENCH(make_known, known, VERDICT_NEXT)
BENCH(make_fresh, fresh, VERDICT_NEXT)
BENCH(make_foreign, foreign, VERDICT_NEXT)
BENCH(make_leaving, leaving, VERDICT_NEXT)
BENCH(make_reply, reply, VERDICT_NEXT)
BENCH(look_up, foreign, one_lookup(skb))
BENCH(floor_known, known, floor_of_known(skb))
BENCH(known_in, known, ingress(skb, false))
BENCH(reply_out, reply, egress(skb, false))
BENCH(fresh_in, fresh, ingress(skb, false))
BENCH(foreign_in, foreign, ingress(skb, false))
BENCH(foreign_pod_in, foreign, ingress(skb, true))
BENCH(foreign_out, foreign, egress(skb, false))
BENCH(leaving_out, leaving, egress(skb, false))
BENCH(own_in, reply_to_node, ingress(skb, false))
BENCH(own_out, reply_to_client, egress(skb, false))
