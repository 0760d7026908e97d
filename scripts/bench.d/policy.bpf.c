// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What policy costs a packet of a pod: the real program behind a step that makes the packet anew, and the
 * step alone.
 */
#include "../../bpf/tc.bpf.c"
#include "bench.h"

#define POD 0x0af40002           /* 10.244.0.2 */
#define FIRST_POD 0x0a800000     /* 10.128.0.0 */
#define FIRST_OUTSIDE 0xac100000 /* 172.16.0.0 */
#define POD_PORT 40000
#define PORT 80

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} peers SEC(".maps") DOC("How many peers there are to choose from.");

/* 32 MiB, about what policy_flows takes: most of it is in no cache. */
#define LINES (1 << 19)

struct line {
	__u64 words[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LINES);
	__type(key, __u32);
	__type(value, struct line);
} lines SEC(".maps") DOC("Memory to read at random.");

static __always_inline __u32 any_peer(void)
{
	__u32 only = 0;
	__u32 *count = bpf_map_lookup_elem(&peers, &only);

	return any_of(count);
}

static __always_inline void send_packet(struct __sk_buff *skb, __u32 to, __be16 from_port, __u8 flags)
{
	make_packet(skb, (struct ends){POD, to, from_port, bpf_htons(PORT), flags});
}

static __always_inline void known(struct __sk_buff *skb)
{
	send_packet(skb, FIRST_POD + (any_peer() & 0x3ff), bpf_htons(POD_PORT), TCP_FLAG_ACK);
}

static __always_inline void fresh(struct __sk_buff *skb)
{
	send_packet(skb, FIRST_POD + any_peer(), roll() >> 16, TCP_FLAG_SYN);
}

static __always_inline void fresh_outside(struct __sk_buff *skb)
{
	send_packet(skb, FIRST_OUTSIDE + any_peer(), roll() >> 16, TCP_FLAG_SYN);
}

/* A look-up of a flow and one insertion of it: what a table of flows costs at the least. */
static __always_inline int remember_only(struct __sk_buff *skb)
{
	struct policy_flow value = {.seen_ns = 1};
	struct packet packet = {};

	if (parse_packet(skb, &packet) || bpf_map_lookup_elem(&policy_flows, &packet.flow))
		return VERDICT_NEXT;
	bpf_map_update_elem(&policy_flows, &packet.flow, &value, BPF_ANY);
	return VERDICT_NEXT;
}

static __always_inline int parse_only(struct __sk_buff *skb)
{
	struct packet packet = {};

	return parse_packet(skb, &packet) ? VERDICT_DROP : VERDICT_NEXT;
}

/* What any table of flows costs a packet of a flow that is in it, beside parsing: to find it and to note the
 * time. */
static __always_inline int follow_only(struct __sk_buff *skb)
{
	struct policy_flow *flow;
	struct packet packet = {};

	if (parse_packet(skb, &packet))
		return VERDICT_DROP;
	flow = bpf_map_lookup_elem(&policy_flows, &packet.flow);
	if (!flow)
		return VERDICT_DROP;
	touch(&flow->seen_ns, now_ns());
	return VERDICT_NEXT;
}

/* What the memory of this machine costs, and every look-up in a large table more than once. */
static __always_inline int read_line(void)
{
	__u32 index = roll() & (LINES - 1);
	struct line *line = bpf_map_lookup_elem(&lines, &index);

	return line && line->words[0] ? VERDICT_DROP : VERDICT_NEXT;
}

BENCH(make_known, known, VERDICT_NEXT)
BENCH(make_fresh, fresh, VERDICT_NEXT)
BENCH(make_outside, fresh_outside, VERDICT_NEXT)
BENCH(parse_known, known, parse_only(skb))
BENCH(follow_known, known, follow_only(skb))
BENCH(remember_fresh, fresh, remember_only(skb))
BENCH(read_fresh, fresh, read_line())
BENCH(known_out, known, ingress(skb, true))
BENCH(fresh_out, fresh, ingress(skb, true))
BENCH(outside_out, fresh_outside, ingress(skb, true))
