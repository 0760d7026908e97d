// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small programs, each of which needs one thing of the kernel. test-vm/guest/support loads them one by one,
 * to see on which kernels that thing works.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#pragma clang diagnostic ignored "-Wunused-parameter"

#ifndef __ksym
#define __ksym __attribute__((section(".ksyms")))
#endif

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 8);
	__type(key, __u64);
	__type(value, __u64);
} sockets SEC(".maps");

struct with_timer {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct with_timer);
} timers SEC(".maps");

/* Accepts everything: for the features that are a way to attach. */
SEC("?tc")
int pass_tc(struct __sk_buff *skb)
{
	return 0;
}

SEC("?xdp")
int pass_xdp(struct xdp_md *packet)
{
	return XDP_PASS;
}

SEC("?cgroup/connect4")
int pass_connect(struct bpf_sock_addr *ctx)
{
	return 1;
}

/* Sends between sockets of the sockhash, as the loader's users do it. */
SEC("?sk_msg")
int redirect_msg(struct sk_msg_md *msg)
{
	__u64 key = msg->local_port;

	return bpf_msg_redirect_hash(msg, &sockets, &key, BPF_F_INGRESS);
}

/* Returns 0 where the record got into the ring. */
SEC("?tc")
int ring_buffer(struct __sk_buff *skb)
{
	__u64 record = 1;

	return bpf_ringbuf_output(&ring, &record, sizeof(record), 0);
}

static int step(__u32 index, void *context)
{
	return 0;
}

/* Returns 0 where all steps were made. */
SEC("?tc")
int loop_helper(struct __sk_buff *skb)
{
	return bpf_loop(1000, step, (void *)0, 0) == 1000 ? 0 : 1;
}

struct bpf_iter_num {
	__u64 opaque[1];
} __attribute__((aligned(8)));

extern int bpf_iter_num_new(struct bpf_iter_num *iterator, int start, int end) __weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *iterator) __weak __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *iterator) __weak __ksym;

/* What bpf_for() becomes. Returns 0 where the loop ended. */
SEC("?tc")
int loop_for(struct __sk_buff *skb)
{
	struct bpf_iter_num iterator;

	bpf_iter_num_new(&iterator, 0, 1000);
	while (bpf_iter_num_next(&iterator))
		;
	bpf_iter_num_destroy(&iterator);
	return 0;
}

extern void *bpf_cast_to_kern_ctx(void *ctx) __weak __ksym;

/* The first function of the kernel's own that programs of all types may call. */
SEC("?tc")
int kernel_function(struct __sk_buff *skb)
{
	return bpf_cast_to_kern_ctx(skb) ? 0 : 1;
}

/* A timer that fires nothing. Returns 0 where it was made. */
SEC("?tc")
int timer(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct with_timer *value = bpf_map_lookup_elem(&timers, &key);

	return value ? bpf_timer_init(&value->timer, &timers, 1 /* CLOCK_MONOTONIC */) : 1;
}

/* Only the name matters, which libbpf compares with the kernel's. */
struct sock_common {
	__u8 opaque;
};

/* What the kernel gives an iterator over UDP sockets. */
struct bpf_iter__udp {
	__u64 meta;
	struct sock_common *socket;
	struct sock_common none[0]; /* makes clang 14 write the type down */
};

extern int bpf_sock_destroy(struct sock_common *socket) __weak __ksym;

SEC("?iter/udp")
int destroy_socket(struct bpf_iter__udp *ctx)
{
	if (ctx->socket)
		bpf_sock_destroy(ctx->socket);
	return 0;
}

char _license[] SEC("license") = "GPL";
