// SPDX-License-Identifier: GPL-2.0-only
/* A program that every kernel's verifier refuses, for the tests of how the matrix reports that. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#pragma clang diagnostic ignored "-Wunused-parameter"

SEC("tc")
int good(struct __sk_buff *skb)
{
	return 0;
}

SEC("tc")
int reads_past_end(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;

	return data[14];
}

char _license[] SEC("license") = "GPL";
