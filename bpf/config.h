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

#endif
