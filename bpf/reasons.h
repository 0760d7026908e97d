/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The only list of outcomes: why a connect, datagram or packet was passed, translated or refused.
 *
 * C, generated TypeScript, metrics and docs all come from here. Numbers never change their meaning, because
 * counters outlive the daemon that reads them. From REASON_REFUSED on the hook refuses.
 */
#ifndef KPROXY_REASONS_H
#define KPROXY_REASONS_H

#include <linux/types.h>

#include "types.h"

/* clang-format off */
#define REASONS(X)                                                                                              \
	X(TRANSLATED,       0, "Passed with the address translated, to the backend or back to the frontend.")   \
	X(NOT_FRONTEND,     1, "Passed as it is: nothing serves this address, port and protocol.")              \
	X(NOT_REMEMBERED,   2, "Passed as it is: this peer was not reached through a frontend.")                \
	X(OTHER_PROTOCOL,   3, "Passed as it is: neither TCP nor UDP.")                                         \
	X(NO_BACKEND,      32, "Refused: the frontend has no backend.")                                         \
	X(SLOT_MISSING,    33, "Refused: the frontend's range leads outside svc_slots.")                        \
	X(BACKEND_MISSING, 34, "Refused: the slot names a backend that is free or outside svc_backends.")       \
	X(WRONG_FAMILY,    35, "Refused: the backend is of the other IP family than the frontend.")    \
	X(FRONTEND_TORN,   36, "Refused: twice in a row the frontend's entry did not fit its check.")

#define HOOKS(X)                                                                                                \
	X(CONNECT,          0, "connect(), TCP and UDP.")                                                       \
	X(SENDMSG,          1, "sendto() and sendmsg() with an address, UDP.")                                  \
	X(RECVMSG,          2, "recvfrom() and recvmsg() that ask for the address, UDP.")                       \
	X(GETPEERNAME,      3, "getpeername(), and accept() that asks for the address.")
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
