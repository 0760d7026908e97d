/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Every struct that userspace sees, its size asserted. bpf2ts turns them into TypeScript. */
#ifndef KPROXY_TYPES_H
#define KPROXY_TYPES_H

#include <linux/in6.h>
#include <linux/types.h>

/* A sentence that goes with the type or field into BTF, and from there into generated TypeScript. */
#define DOC(sentence) __attribute__((btf_decl_tag("doc:" sentence)))
#define PACKED __attribute__((packed))

/* ANY is in the keys of address guards only: see frontend_key. */
enum protocol {
	PROTOCOL_ANY = 0,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_SCTP = 132,
} PACKED;

/* Where the client is, for traffic policies. */
enum scope { SCOPE_INTERNAL, SCOPE_EXTERNAL } PACKED;

enum algorithm { ALGORITHM_RANDOM } PACKED;

enum frontend_flag {
	FRONTEND_PLAIN = 0,
	FRONTEND_SOURCE_RANGES = 1, /* only clients in svc_ranges may dial it */
	FRONTEND_NODE_ALLOWED = 2,  /* and this node, whose own address is in them */
	FRONTEND_LOCAL_EXTERNAL = 4 /* external clients: local endpoints or none, which drops them */
} PACKED;

/*
 * FREE: no slot points here and the number may be given out again. ACTIVE takes new flows. TERMINATING takes
 * them only where no active one is left; its flows go on. RETIRED: no Service has it any more.
 */
enum backend_state { BACKEND_FREE, BACKEND_ACTIVE, BACKEND_TERMINATING, BACKEND_RETIRED } PACKED;

enum backend_flag { BACKEND_ELSEWHERE = 0, BACKEND_LOCAL = 1 /* on this node */ } PACKED;

/*
 * A NodePort has the unspecified address of its family (:: or ::ffff:0.0.0.0): it is dialled at every address
 * in node_addresses. Port 0 with PROTOCOL_ANY is the guard of a ClusterIP: it stands for every other port.
 */
struct frontend_key {
	struct in6_addr address DOC("Address that clients dial; IPv4 as ::ffff:a.b.c.d.");
	__be16 port DOC("Port that clients dial.");
	enum protocol protocol;
	__u8 reserved;
};
_Static_assert(sizeof(struct frontend_key) == 20, "frontend_key");

struct slot_range {
	__u32 first DOC("First cell of the range in svc_slots.");
	__u32 count DOC("Cells in the range; 0: no backend.");
};
_Static_assert(sizeof(struct slot_range) == 8, "slot_range");

struct frontend {
	struct slot_range internal DOC("For clients in the cluster.");
	struct slot_range external DOC("For clients from outside.");
	__u32 service DOC("Number of the service port in svc_names; 0: a guard.");
	__u32 affinity_timeout_s DOC("Seconds a client keeps its backend; 0: no affinity.");
	enum algorithm algorithm;
	enum frontend_flag flags DOC("Any number of its bits.");
	__u16 check DOC("Of the key and all other fields: lib/frontend.h says how.");
};
_Static_assert(sizeof(struct frontend) == 28, "frontend");

struct backend {
	struct in6_addr address DOC("Address of the endpoint; IPv4 as ::ffff:a.b.c.d.");
	__be16 port;
	enum protocol protocol;
	enum backend_state state;
	__u16 reuse DOC("Grows each time the number is given to another endpoint.");
	enum backend_flag flags DOC("Any number of its bits.");
	__u8 reserved;
};
_Static_assert(sizeof(struct backend) == 24, "backend");

struct service_name {
	char namespace[64];
	char name[64];
	char port[64] DOC("Name of the service port; empty where it has none.");
};
_Static_assert(sizeof(struct service_name) == 192, "service_name");

/* An address with its port, IPv4 mapped. Padding is zero, because it is compared and hashed. */
struct endpoint {
	struct in6_addr address DOC("IPv4 as ::ffff:a.b.c.d.");
	__be16 port;
	__u16 reserved;
};
_Static_assert(sizeof(struct endpoint) == 20, "endpoint");

/* Half a cache line, so that a set is one: that is why it keeps a digest of the backend, not its address. */
struct peer {
	__u64 cookie DOC("Socket cookie; 0: nothing remembered.");
	struct in6_addr frontend_address DOC("What the socket dialled; IPv4 as ::ffff:a.b.c.d.");
	__be16 frontend_port;
	__be16 backend_port DOC("Where it was pointed; valid while that is the peer.");
	__u32 backend_digest DOC("Digest of the backend's address.");
};
_Static_assert(sizeof(struct peer) == 32, "peer");

struct peer_set {
	struct peer way[2] DOC("The one used last comes first.");
};
_Static_assert(sizeof(struct peer_set) == 64, "peer_set");

struct reverse_key {
	__u64 cookie DOC("Socket cookie.");
	struct endpoint backend DOC("Where the datagram went, and the reply will come from.");
	__u32 reserved;
};
_Static_assert(sizeof(struct reverse_key) == 32, "reverse_key");

struct affinity_key {
	struct in6_addr client DOC(
		"Address of the client; at socket hooks ::, with the netns cookie in the last 8 bytes.");
	__u32 service DOC("Number of the service port.");
};
_Static_assert(sizeof(struct affinity_key) == 20, "affinity_key");

struct affinity {
	__u64 seen_ns DOC("When the client last dialled, on CLOCK_MONOTONIC.");
	__u32 backend DOC("Backend number.");
	__u32 slot DOC(
		"Where the backend was found; the first place to look whether the frontend still has it.");
	__u16 reuse DOC("Reuse counter of the backend; with another one the number means another endpoint.");
	__u8 reserved[6];
};
_Static_assert(sizeof(struct affinity) == 24, "affinity");

struct range_key {
	__u32 prefix_length DOC("Bits of service and address that count: 32 and more.");
	__u32 service DOC("Number of the service port.");
	struct in6_addr address DOC("IPv4 as ::ffff:a.b.c.d.");
};
_Static_assert(sizeof(struct range_key) == 24, "range_key");

enum node_address_flag {
	NODE_ADDRESS_PLAIN = 0,
	NODE_ADDRESS_LOOPBACK = 1 /* for the node's own processes only */
};

/* What the node's programs know of a device. */
struct device {
	struct in6_addr ipv4 DOC(
		"Source of what is translated and leaves here, as ::ffff:a.b.c.d; :: where it has none.");
	struct in6_addr ipv6 DOC("The same for IPv6.");
};
_Static_assert(sizeof(struct device) == 32, "device");

struct prefix {
	struct in6_addr address DOC("With the bits outside the mask zero; IPv4 as ::ffff:a.b.c.d.");
	struct in6_addr mask;
};
_Static_assert(sizeof(struct prefix) == 32, "prefix");

#define PREFIXES 4

struct cluster {
	__u32 service_cidrs DOC("Used cells of service_cidr.");
	__u32 pod_cidrs DOC("Used cells of pod_cidr.");
	struct prefix
		service_cidr[PREFIXES] DOC("Where ClusterIPs are from: what no Service has is dropped.");
	struct prefix pod_cidr[PREFIXES] DOC(
		"Where pods of all nodes are from: internal clients, also of another node.");
};
_Static_assert(sizeof(struct cluster) == 264, "cluster");

/* Two ends of a flow and its protocol, as packets in one direction have them. */
struct flow {
	struct in6_addr source DOC("IPv4 as ::ffff:a.b.c.d.");
	struct in6_addr destination DOC("IPv4 as ::ffff:a.b.c.d.");
	__be16 source_port;
	__be16 destination_port;
	enum protocol protocol;
	__u8 reserved[3];
};
_Static_assert(sizeof(struct flow) == 40, "flow");

enum flow_flag {
	FLOW_OPEN = 0,
	FLOW_FIN = 1, /* this side has sent its FIN */
	FLOW_RST = 2,
	FLOW_REPLIED = 4,  /* in conntrack_reply only: a reply has come */
	FLOW_OTHER_FIN = 8 /* in conntrack_reply only: the client has sent its FIN */
} PACKED;

/* Client to frontend: where its packets go. */
struct flow_target {
	struct in6_addr backend_address;
	__be16 backend_port;
	__be16 snat_port DOC("Source port that the packets get; 0: they keep theirs.");
	__u32 backend DOC("Backend number.");
	__u64 seen_ns DOC("Last packet, to a second, on CLOCK_MONOTONIC.");
	__u32 slot DOC(
		"Where the backend was found; the first place to look whether the frontend still has it.");
	__u16 reuse DOC("Reuse counter of the backend.");
	enum flow_flag flags DOC("Any number of its bits.");
	__u8 reserved;
};
_Static_assert(sizeof(struct flow_target) == 40, "flow_target");

/* Backend to client: whose reply it is. Of a flow with a source port of ours the client's key is that port,
 * at ::. */
struct reply_target {
	struct in6_addr frontend_address DOC("What the client dialled.");
	struct in6_addr client_address;
	struct in6_addr
		snat_address DOC("Source address that the client's packets get; :: where they keep theirs.");
	__be16 frontend_port;
	__be16 client_port;
	enum flow_flag flags DOC("Any number of its bits.");
	__u8 reserved[3];
	__u64 created_ns DOC("First packet, on CLOCK_MONOTONIC.");
	__u64 seen_ns DOC("Last reply, to a second; 0: none yet.");
};
_Static_assert(sizeof(struct reply_target) == 72, "reply_target");

/* A flow in the making: what it is given, and what becomes of it. */
struct opening {
	struct flow_target target;
	struct reply_target reply;
	struct flow key; /* of conntrack_reply, with a source port of ours */
	struct flow client_flow;
	struct frontend frontend;
	__u8 reserved[4];
};
_Static_assert(sizeof(struct opening) == 224, "opening");

/* What all fragments of one packet share. */
struct fragment_key {
	struct in6_addr source;
	struct in6_addr destination;
	__be32 id;
	enum protocol protocol;
	__u8 reserved[3];
};
_Static_assert(sizeof(struct fragment_key) == 40, "fragment_key");

struct ports {
	__be16 source;
	__be16 destination;
};
_Static_assert(sizeof(struct ports) == 4, "ports");

enum pod_flag {
	POD_PLAIN = 0,
	POD_ISOLATED_EGRESS = 1,  /* it sends only what a rule allows */
	POD_ISOLATED_INGRESS = 2, /* it is sent only what a rule allows */
	POD_ANY_EGRESS = 4,       /* its set has egress rules for every peer */
	POD_ANY_INGRESS = 8       /* its set has ingress rules for every peer */
} PACKED;

/* A pod of this node. */
struct pod {
	__u32 ifindex DOC("Host side of its interface.");
	__u32 policy_set DOC("Number of its rule set; 0: no policy selects it.");
	__u32 generation DOC("Which peer_addresses and peer_classes its rule set goes with.");
	enum pod_flag flags DOC("Any number of its bits.");
	__u8 reserved[3];
};
_Static_assert(sizeof(struct pod) == 16, "pod");

/* What is known of an interface that a pod may be behind. */
enum pod_interface {
	POD_INTERFACE_UNKNOWN,
	POD_INTERFACE_KNOWN,    /* a pod is behind it */
	POD_INTERFACE_CONTESTED /* it claims what another one claims: no pod's word is taken */
};

struct pod_name {
	char namespace[64];
	char name[256];
};
_Static_assert(sizeof(struct pod_name) == 320, "pod_name");

/*
 * A daemon that starts, or has lost count, writes all peers anew beside those that are there, under the next
 * generation, and then moves one pod after the other: no packet meets a mixture.
 */
struct peer_address {
	__u32 generation;
	struct in6_addr address DOC("IPv4 as ::ffff:a.b.c.d.");
};
_Static_assert(sizeof(struct peer_address) == 20, "peer_address");

struct peer_prefix {
	__u32 prefix_length DOC("Bits that count: 32 of the generation, and those of the address.");
	__u32 generation;
	struct in6_addr address DOC("IPv4 as ::ffff:a.b.c.d.");
};
_Static_assert(sizeof(struct peer_prefix) == 24, "peer_prefix");

/* Stands for every peer. */
#define ANY_CLASS 0xffffffff

struct policy_key {
	__u32 prefix_length DOC("Bits that count: 72 for all protocols, 80 for all ports of one, up to 96.");
	__u32 policy_set DOC("Number of the rule set.");
	__u32 peer_class DOC("What its peers share; 4294967295: every peer.");
	__u8 direction DOC("As the pod sees it: 0 it sends, 1 it is sent.");
	__u8 protocol;
	__be16 port DOC("Destination port.");
};
_Static_assert(sizeof(struct policy_key) == 16, "policy_key");

/* A flow that was let pass, as between the translation at its way in and that at its way out. */
struct policy_flow {
	__u64 seen_ns DOC("Last packet, to a second, on CLOCK_MONOTONIC.");
	__u32 ifindex DOC("Host side of the pod's interface.");
	__u32 epoch DOC("policy_state's when it was judged.");
	__u32 rule DOC("Number of the rule that allows it; 0: nothing forbids it.");
	__u8 direction DOC("Of its first packet, as the pod sees it.");
	__u8 reserved[3];
};
_Static_assert(sizeof(struct policy_flow) == 24, "policy_flow");

enum policy_flag {
	POLICY_OFF = 0,
	POLICY_ENFORCED = 1,
	POLICY_UNKNOWN_ALLOWED = 2, /* pods that could not be tied to an interface */
	POLICY_RECHECKED = 4,       /* established flows are judged again when policy changes */
	POLICY_FLOWS_NOTED = 8      /* new flows that pass are events, too */
} PACKED;

struct policy_state {
	__u32 epoch DOC("Grows with each change of policy.");
	__u32 generation DOC("The one that was written last.");
	__u64 adopt_until_ns DOC(
		"On CLOCK_MONOTONIC: connections that are met until then, their beginning unseen, are from before policy.");
	enum policy_flag flags DOC("Any number of its bits.");
	__u8 reserved[7];
};
_Static_assert(sizeof(struct policy_state) == 24, "policy_state");

/* A packet to be judged, and what a verdict rests on: room that no stack has. */
struct judgement {
	struct flow flow DOC("From the pod's side: its source is the pod.");
	__u32 ifindex;
	__u32 policy_set DOC("Of the pod; 0: unknown.");
	__u32 rule DOC("That let a new flow pass; 0: nothing forbade it.");
	__u8 opens;
	__u8 error;
	__u8 neighbour;
	__u8 reserved;
};
_Static_assert(sizeof(struct judgement) == 56, "judgement");

struct policy_name {
	char namespace[64];
	char name[256];
	__u16 rule DOC("Place in spec.ingress or spec.egress.");
	__u8 direction DOC("As the pod sees it: 0 it sends, 1 it is sent; of a set's policy bits: 1 and 2.");
	__u8 reserved[5];
};
_Static_assert(sizeof(struct policy_name) == 328, "policy_name");

struct set_policy_key {
	__u32 policy_set;
	__u32 index;
};
_Static_assert(sizeof(struct set_policy_key) == 8, "set_policy_key");

/* A dial or packet that was refused, or the first packet of a flow that policy lets pass, as the hook found
 * it. */
struct event {
	__u64 sequence DOC("Counts up on each CPU from 1; 0: it is being written.");
	__u64 at_ns DOC("On CLOCK_MONOTONIC.");
	struct flow flow DOC(
		"Of an ICMP error that of the packet inside, turned round; of a dial without its source.");
	struct in6_addr
		peer DOC("Whom policy has judged: behind a Service its backend; :: where policy has not.");
	__u32 ifindex DOC("0: a socket's dial.");
	__u32 policy_set DOC("Of the pod, where policy has judged.");
	__u32 rule DOC("That let it pass; 0: none did, or nothing forbade it.");
	__u32 length DOC("Bytes of the packet.");
	__be16 peer_port;
	__u8 reason DOC("Number in reasons.h.");
	__u8 hook DOC("Number in reasons.h.");
	__u8 direction DOC("0 egress, 1 ingress.");
	__u8 reserved[3];
};
_Static_assert(sizeof(struct event) == 96, "event");

struct event_head {
	__u64 written DOC("Events so far on this CPU: the sequence of the last.");
	__u64 left_out DOC("Events beyond those that a second has room for.");
	__u64 second_ns DOC("When the present second began.");
	__u64 in_second DOC("Events in it.");
};
_Static_assert(sizeof(struct event_head) == 32, "event_head");

struct counter {
	__u64 packets DOC("Connects, datagrams or packets, as the hook has it.");
	__u64 bytes DOC("0 at the socket hooks, which do not see them.");
};
_Static_assert(sizeof(struct counter) == 16, "counter");

#endif
