/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The only list of outcomes: why a connect, datagram or packet was passed, translated or refused.
 *
 * C, generated TypeScript, metrics and docs all come from here. Numbers never change their meaning, because
 * counters outlive the daemon that reads them. From REASON_REFUSED on nothing passes: a socket hook refuses,
 * a packet hook rejects (RST, ICMP unreachable) or drops.
 */
#ifndef KPROXY_REASONS_H
#define KPROXY_REASONS_H

#include <linux/types.h>

#include "types.h"

/* clang-format off */
#define REASONS(X)                                                                                              \
	X(TRANSLATED,         0, "Passed with the address translated, to the backend or back to the frontend.") \
	X(NOT_FRONTEND,       1, "Passed as it is: nothing serves this address, port and protocol.")            \
	X(NOT_REMEMBERED,     2, "Passed as it is: this peer was not reached through a frontend.")              \
	X(OTHER_PROTOCOL,     3, "Passed as it is: no protocol that Services have.")                            \
	X(NOT_IP,             4, "Passed as it is: neither IPv4 nor IPv6.")                                     \
	X(TAGGED,             5, "Passed as it is: a VLAN tag; the VLAN device sees it without.")               \
	X(LEFT_TO_PACKETS,    6, "Passed as it is: needs the client address, which only its packets have.")     \
	X(FLOW_ALLOWED,       7, "Passed by policy: the first packet of a pod's flow. Only noted, not counted.") \
	X(NO_BACKEND,        32, "Rejected: the frontend has no backend.")                                      \
	X(SLOT_MISSING,      33, "Dropped: the frontend's range leads outside svc_slots.")                      \
	X(BACKEND_MISSING,   34, "Dropped: the slot names a backend that is free or outside svc_backends.")     \
	X(WRONG_FAMILY,      35, "Dropped: the backend is of the other IP family than the frontend.")           \
	X(FRONTEND_TORN,     36, "Dropped: twice in a row the frontend's entry did not fit its check.")         \
	X(NO_LOCAL_BACKEND,  37, "Dropped: externalTrafficPolicy is Local and no endpoint is on this node.")    \
	X(NO_SUCH_PORT,      38, "Rejected: the ClusterIP has no such port.")                                   \
	X(NO_SUCH_SERVICE,   39, "Dropped: no Service has this address of the service range.")                  \
	X(NOT_IN_RANGES,     40, "Dropped: the client is not in loadBalancerSourceRanges.")                     \
	X(NO_SNAT_PORT,      41, "Dropped: no free source port towards the backend.")                           \
	X(NO_SNAT_ADDRESS,   42, "Dropped: no address of this node to send from.")                              \
	X(NOT_TRACKED,       43, "Dropped: the flow could not be written into conntrack.")                      \
	X(FRAGMENT_MISSED,   44, "Dropped: a fragment whose first one was not seen.")                           \
	X(BAD_PACKET,        45, "Dropped: headers cut short, or a checksum that cannot be made right.")                                         \
	X(HIDDEN_REDIRECT,   46, "Dropped: an ICMP redirect that would lead the client past this node.")        \
	X(NODE_PORT_TAKEN,   47, "Refused: the port is the NodePort of a Service.")                             \
	X(POLICY_EGRESS,     48, "Dropped: policies isolate the pod that sends, and none allows this.")         \
	X(POLICY_INGRESS,    49, "Dropped: policies isolate the pod that is sent, and none allows this.")       \
	X(SPOOFED_SOURCE,    50, "Dropped: the source is no address of the pod that sends.")                    \
	X(UNKNOWN_POD,       51, "Dropped: nothing is known of the pod behind the interface.")

#define HOOKS(X)                                                                                                \
	X(CONNECT,        0, "connect(), TCP and UDP.")                                                         \
	X(SENDMSG,        1, "sendto() and sendmsg() with an address, UDP.")                                    \
	X(RECVMSG,        2, "recvfrom() and recvmsg() that ask for the address, UDP.")                         \
	X(GETPEERNAME,    3, "getpeername(), and accept() that asks for the address.")                          \
	X(POST_BIND,      4, "bind() of the node's own processes.")                                             \
	X(NODE,           5, "Packets on the node's devices.")                                                  \
	X(POD,            6, "Packets on pod interfaces; ingress is what the pod sends.")
/* clang-format on */

#define REASON_NUMBER(name, number, sentence) REASON_##name = number,
#define HOOK_NUMBER(name, number, sentence) HOOK_##name = number,

enum reason { REASONS(REASON_NUMBER) REASON_REFUSED = 32, REASON_COUNT = 64 } PACKED;
enum hook { HOOKS(HOOK_NUMBER) HOOK_COUNT = 8 } PACKED;
enum direction { DIRECTION_EGRESS, DIRECTION_INGRESS, DIRECTION_COUNT } PACKED;

#define COUNTERS (REASON_COUNT * HOOK_COUNT * DIRECTION_COUNT)

/* Carries the sentence of an enumerator into BTF, which has no place for tags on enumerators themselves. */
#define DOC_OF(enumerator, sentence) __attribute__((btf_decl_tag("doc-of:" #enumerator ":" sentence)))
#define DOC_OF_REASON(name, number, sentence) DOC_OF(REASON_##name, sentence)
#define DOC_OF_HOOK(name, number, sentence) DOC_OF(HOOK_##name, sentence)

#endif
