/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Every map, one sentence each. The sizes are defaults: the loader may set others. */
#ifndef KPROXY_MAPS_H
#define KPROXY_MAPS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "reasons.h"
#include "types.h"

/* A power of two: the cookie's low bits pick the set. 2^17 sets of two are 8 MiB. */
#define PEER_SETS 131072

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__type(key, struct frontend_key);
	__type(value, struct frontend);
} svc_frontends SEC(".maps") DOC("What clients dial, and the range of slots that answers it.");

/* Mappable, as svc_backends: a daemon that starts reads what a predecessor left without a system call a cell.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1048576);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u32);
} svc_slots SEC(".maps") DOC("Backend number in each slot; a frontend owns or shares a range of them.");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct backend);
} svc_backends SEC(".maps") DOC("Endpoint behind each backend number.");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct service_name);
} svc_names SEC(".maps")
	DOC("Name of each service number; only userspace reads it, so that the CLI needs no daemon.");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct affinity_key);
	__type(value, struct affinity);
} svc_affinity SEC(".maps") DOC("Backend that each client of a Service with affinity keeps.");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct range_key);
	__type(value, __u32);
} svc_ranges SEC(".maps") DOC("Clients that may dial the load-balancer addresses of a service number.");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct in6_addr);
	__type(value, enum node_address_flag);
} node_addresses SEC(".maps")
	DOC("Addresses of this node where NodePorts are dialled; bits of enum node_address_flag.");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct device);
} devices SEC(".maps") DOC("Addresses of each device by its index, for source translation.");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cluster);
} cluster SEC(".maps") DOC("Address ranges of the cluster.");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 262144);
	__type(key, struct flow);
	__type(value, struct flow_target);
} conntrack SEC(".maps") DOC("Flows from clients to frontends, and where they go.");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 262144);
	__type(key, struct flow);
	__type(value, struct reply_target);
} conntrack_reply SEC(".maps") DOC("The same flows from the backend's side, and whose replies they are.");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct opening);
} opening SEC(".maps") DOC("Room for the flow that a program is opening: its stack has too little.");

/* A power of two. Backends that share a cell only use up their ports faster. */
#define PORT_SEQUENCES 4096

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PORT_SEQUENCES);
	__type(key, __u32);
	__type(value, __u32);
} snat_sequence SEC(".maps")
	DOC("How many source ports have been tried, by the low bits of the backend number.");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct fragment_key);
	__type(value, struct ports);
} fragments SEC(".maps") DOC(
	"Ports of packets in fragments, which only the first fragment has; of ICMP the identifier and the type.");

/* Mappable for its alignment: only then is every set one cache line. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PEER_SETS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct peer_set);
} sock_peers SEC(".maps") DOC("What each connected socket dialled; the set is picked by socket cookie.");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 262144);
	__type(key, struct reverse_key);
	__type(value, struct endpoint);
} sock_reverse SEC(".maps")
	DOC("Frontend last dialled by an unconnected UDP socket, by its cookie and the backend.");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct policy_state);
} policy_state SEC(".maps") DOC("Whether policy is enforced, and how.");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct in6_addr);
	__type(value, struct pod);
} pods SEC(".maps") DOC("Addresses of this node's pods, and the rules of each.");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, enum pod_interface);
} pod_interfaces SEC(".maps") DOC("Interfaces that have a pod behind them, by index.");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct in6_addr);
	__type(value, __u32);
} own_addresses SEC(".maps") DOC("Every address of this node, which always reaches its pods.");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct peer_address);
	__type(value, __u32);
} peer_addresses SEC(".maps") DOC("Class of each pod's address, of all nodes; 0: no rule has it as a peer.");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct in6_addr);
	__type(value, struct pod_name);
} pod_names SEC(".maps") DOC("Pod of each address, of all nodes; only userspace reads it.");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct peer_prefix);
	__type(value, __u32);
} peer_classes SEC(".maps") DOC("Class of each block of addresses, for what is no pod.");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 524288);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct policy_key);
	__type(value, __u32);
} policy_rules SEC(".maps")
	DOC("What is allowed: rule set, class of the peer, direction, ports; and by which rule.");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 262144);
	__type(key, struct flow);
	__type(value, struct policy_flow);
} policy_flows SEC(".maps") DOC("Flows of pods that were let pass, from the pod's side.");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct policy_name);
} policy_names SEC(".maps") DOC("Policy of each rule number; only userspace reads it.");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct set_policy_key);
	__type(value, struct policy_name);
} set_policies SEC(".maps") DOC("Policies that select the pods of a rule set; only userspace reads it.");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u64);
} rule_hits SEC(".maps") DOC("New flows that each rule has allowed, by its number.");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct judgement);
} judging SEC(".maps") DOC("Room for the packet that a program is judging.");

/* A power of two. */
#define EVENTS 1024
#define EVENTS_A_SECOND 256

/* No ring buffer: several may read it, and what was written before they came. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EVENTS);
	__type(key, __u32);
	__type(value, struct event);
} events SEC(".maps") DOC("What each CPU refused last, and new flows; the oldest is overwritten.");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_head);
} event_heads SEC(".maps") DOC("How far each CPU has written events.");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} random_state SEC(".maps")
	DOC("State of the random numbers that pick backends; bpf_get_prandom_u32 costs 40 ns more.");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps") REASONS(DOC_OF_REASON) HOOKS(DOC_OF_HOOK)
	DOC("Outcomes: index is (reason * 8 + hook) * 2 + direction.");

#endif
