/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the benches of packets share: chance, a packet of their making, and a program around both. */
#ifndef KPROXY_BENCH_H
#define KPROXY_BENCH_H

struct ends {
	__u32 source;
	__u32 destination;
	__be16 from;
	__be16 to;
	__u8 flags;
};

static __u64 dice;

static __always_inline __u32 roll(void)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return dice >> 32;
}

/* One of so many. */
static __always_inline __u32 any_of(const __u32 *count)
{
	return count ? (__u64)roll() * *count >> 32 : 0;
}

static __always_inline void make_packet(struct __sk_buff *skb, struct ends ends)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct iphdr *ip = data + ETH_HLEN;
	struct tcphdr *tcp = (void *)(ip + 1);

	if ((void *)(tcp + 1) > data_end)
		return;
	ip->saddr = bpf_htonl(ends.source);
	ip->daddr = bpf_htonl(ends.destination);
	tcp->source = ends.from;
	tcp->dest = ends.to;
	((__u8 *)tcp)[13] = ends.flags;
}

#define BENCH(name, make, run)          \
	SEC("tc")                       \
	int name(struct __sk_buff *skb) \
	{                               \
		make(skb);              \
		return run;             \
	}

#endif
