import { loadObject, probe } from "bpf-loader";
import { canSetErrno, hasCoarseClock } from "../../../kproxy/src/dataplane/probe-tunables.ts";
import type { Feature } from "./feature.ts";
import type { Place } from "./place.ts";

/** What programs may call, each called by a program of features.bpf.c or found by a probe of the loader. */
export const programFeatures: readonly Feature[] = [
	{ name: "errno of refused connects (bpf_set_retval)", fallback: "EPERM", works: canSetErrno },
	{ name: "coarse clock (bpf_ktime_get_coarse_ns)", fallback: "bpf_ktime_get_ns", works: hasCoarseClock },
	{
		name: "cookie of the network namespace in connect",
		works: () => hasNamespaceCookie("cgroup_sock_addr"),
	},
	{ name: "cookie of the network namespace in post_bind", works: () => hasNamespaceCookie("cgroup_sock") },
	{ name: "kernel BTF (CONFIG_DEBUG_INFO_BTF)", works: () => probe().kernelBtf() },
	{ name: "ring buffer", works: (place) => returnsZero(place, "ring_buffer") },
	{ name: "bpf_loop", works: (place) => returnsZero(place, "loop_helper") },
	{ name: "bpf_for", works: (place) => returnsZero(place, "loop_for") },
	{ name: "kernel functions in tc programs", works: (place) => returnsZero(place, "kernel_function") },
	{ name: "timers", works: (place) => returnsZero(place, "timer") },
	{
		name: "socket destruction by a BPF iterator",
		fallback: "socket destruction by netlink",
		works: ({ spec }) => {
			loadObject(spec, { programs: { destroy_socket: { load: true } } }).close();
			return true;
		},
	},
	{
		name: "instruction counts in program info",
		fallback: "the verifier's log",
		works: ({ spec }) => {
			using object = loadObject(spec, { programs: { pass_tc: { load: true } } });
			return (object.programs.pass_tc?.info().verifiedInstructions ?? 0) > 0;
		},
	},
];

function hasNamespaceCookie(programType: "cgroup_sock_addr" | "cgroup_sock"): boolean {
	const attachType =
		programType === "cgroup_sock" ? ("cgroup_inet4_post_bind" as const) : ("cgroup_inet4_connect" as const);
	return probe().helper({ programType, attachType, helper: "get_netns_cookie" });
}

/** The least that the kernel takes for a packet. */
const packet = new Uint8Array(64);

/** Loads a program and runs it once: it returns 0 where what it tried works. */
function returnsZero({ spec }: Place, name: string): boolean {
	using object = loadObject(spec, { programs: { [name]: { load: true } } });
	const program = object.programs[name];
	if (program === undefined) throw new Error(`features.bpf.c has no ${name}`);
	return program.testRun({ data: packet }).returnValue === 0;
}
