/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Every tunable. The loader sets it before the load; the verifier then drops the branches it rules out. */
#ifndef KPROXY_CONFIG_H
#define KPROXY_CONFIG_H

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "types.h"

/* From Linux 6.1 at these hooks. Without it the refused see EPERM. */
const volatile bool
	refuse_with_errno DOC("Refuse with ECONNREFUSED; needs the helper bpf_set_retval.") = false;

const volatile __u64 host_netns DOC("Cookie of the node's own network namespace.") = 0;

/* From Linux 5.11; 15 ns less than the exact one. */
const volatile bool
	coarse_clock DOC("Read the clock of the last tick; needs bpf_ktime_get_coarse_ns.") = false;

const volatile __u16 node_port_first DOC("First port of the NodePort range.") = 30000;
const volatile __u16 node_port_last DOC("Last port of the NodePort range.") = 32767;

/* Above the range that the kernel picks from for its own connections (ip_local_port_range). */
const volatile __u16 snat_port_first DOC("First source port for source translation.") = 61000;
const volatile __u16 snat_port_last DOC("Last source port for source translation.") = 65535;

/* As nf_conntrack_udp_timeout_stream. */
const volatile __u32 udp_timeout_s DOC("Seconds after which a silent UDP flow is a new one.") = 120;

const volatile bool masquerade_all DOC("Translate the source of every flow of the packet path.") = false;

#endif
