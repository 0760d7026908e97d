import koffi from "koffi";
import { lazily, libbpf } from "./library.ts";

/** `struct bpf_tc_hook`: one side of a device's clsact qdisc. */
export interface TcHook {
	ifindex: number;
	/** 1: ingress, 2: egress, 3: both, to destroy the qdisc. */
	attach_point: number;
	parent: number;
}

/** `struct bpf_tc_opts`: one filter on a hook; filled in by the calls. */
export interface TcFilterOptions {
	prog_fd: number;
	flags: number;
	prog_id: number;
	handle: number;
	priority: number;
}

/** libbpf's calls on clsact filters, over netlink in the current network namespace; results are 0 or -errno. */
interface TcCalls {
	createHook(hook: TcHook): number;
	destroyHook(hook: TcHook): number;
	attach(hook: TcHook, filter: TcFilterOptions): number;
	detach(hook: TcHook, filter: TcFilterOptions): number;
	query(hook: TcHook, filter: TcFilterOptions): number;
}

/** Bound on first use. Throws BpfError `LIBBPF_MISSING`. */
export const tcCalls = lazily((): TcCalls => {
	const hookType = koffi.struct({ sz: "size_t", ifindex: "int", attach_point: "int", parent: "uint32_t" });
	const filterType = koffi.struct({
		sz: "size_t",
		prog_fd: "int",
		flags: "uint32_t",
		prog_id: "uint32_t",
		handle: "uint32_t",
		priority: "uint32_t",
	});
	const onHook = (name: string) => {
		const call = libbpf().func(name, "int", [koffi.pointer(hookType)]);
		return (hook: TcHook): number => call({ sz: koffi.sizeof(hookType), ...hook });
	};
	const onFilter = (name: string) => {
		const call = libbpf().func(name, "int", [
			koffi.pointer(hookType),
			koffi.inout(koffi.pointer(filterType)),
		]);
		return (hook: TcHook, filter: TcFilterOptions): number => {
			const sized = { sz: koffi.sizeof(filterType), ...filter };
			const result: number = call({ sz: koffi.sizeof(hookType), ...hook }, sized);
			Object.assign(filter, sized);
			return result;
		};
	};
	return {
		createHook: onHook("bpf_tc_hook_create"),
		destroyHook: onHook("bpf_tc_hook_destroy"),
		attach: onFilter("bpf_tc_attach"),
		detach: onFilter("bpf_tc_detach"),
		query: onFilter("bpf_tc_query"),
	};
});
