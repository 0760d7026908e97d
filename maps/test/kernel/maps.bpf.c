/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Programs for the tests of bpf-maps: each does to a map what only the kernel's side can. Run by test runs
 * only. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct event {
	__u64 number;
	__u32 length;
	__u32 check;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

/* Counts what found no room in events, so that the reader can say how much it never saw. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} events_lost SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

/* Number of the next event; grows for lost ones, too. One run after the other writes it. */
__u64 next_event;

static __always_inline void count_lost(void)
{
	__u32 zero = 0;
	__u64 *lost = bpf_map_lookup_elem(&events_lost, &zero);

	if (lost)
		(*lost)++;
}

/* Writes one event; every third number is reserved and given up. */
SEC("xdp")
int emit(struct xdp_md *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	__u64 number = next_event++;

	if (!event) {
		count_lost();
		return XDP_DROP;
	}
	event->number = number;
	event->length = sizeof(*event);
	event->check = (__u32)number ^ 0xabcd;
	if (number % 3 == 2)
		bpf_ringbuf_discard(event, 0);
	else
		bpf_ringbuf_submit(event, 0);
	return XDP_PASS;
}

/* Writes one event of 5 bytes, too short for struct event. */
SEC("xdp")
int emit_short(struct xdp_md *ctx)
{
	char text[5] = "short";

	if (bpf_ringbuf_output(&events, text, sizeof(text), 0))
		count_lost();
	return XDP_PASS;
}

/* Reads index 0 of the map at index 0 of outer. */
SEC("xdp")
int read_inner(struct xdp_md *ctx)
{
	__u32 zero = 0;
	void *inner = bpf_map_lookup_elem(&outer, &zero);
	__u32 *value;

	if (!inner)
		return 0;
	value = bpf_map_lookup_elem(inner, &zero);
	return value ? *value : 0;
}

/* Adds 1 to this CPU's value of key 7. */
SEC("xdp")
int hit(struct xdp_md *ctx)
{
	__u32 key = 7;
	__u64 one = 1, *count = bpf_map_lookup_elem(&hits, &key);

	if (count)
		*count += 1;
	else
		bpf_map_update_elem(&hits, &key, &one, BPF_ANY);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
