import { probe } from "bpf-loader";
import type { Tunables } from "./generated/tc.ts";

/** Tunables of bpf/config.h that say what the kernel has. */
export type ProbedTunables = Readonly<Required<Pick<Tunables, "refuse_with_errno" | "coarse_clock">>>;

/** Asks the running kernel. Throws PermissionError where this process may not try. */
export function probeTunables(): ProbedTunables {
	return { refuse_with_errno: canSetErrno(), coarse_clock: hasCoarseClock() };
}

/** Else the kernel says EPERM to a refused connect. */
export function canSetErrno(): boolean {
	return probe().helper({
		programType: "cgroup_sock_addr",
		helper: "set_retval",
		attachType: "cgroup_inet4_connect",
	});
}

/** Not every program type has a helper that others have. */
export function hasCoarseClock(): boolean {
	const helper = "ktime_get_coarse_ns";
	return (["cgroup_sock_addr", "sched_cls"] as const).every((programType) =>
		probe().helper({ programType, helper }),
	);
}
