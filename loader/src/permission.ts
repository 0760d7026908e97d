import { readFileSync } from "node:fs";
import { release } from "node:os";
import type { ProgramType } from "./kernel-names.ts";

/** Capabilities that BPF operations ask for, by their bit in `CapEff`. */
const capabilityBits = {
	CAP_NET_ADMIN: 12,
	CAP_SYS_ADMIN: 21,
	CAP_SYS_RESOURCE: 24,
	CAP_PERFMON: 38,
	CAP_BPF: 39,
} as const;

/** Name of a Linux capability. */
export type Capability = keyof typeof capabilityBits;

const networkTypes =
	/^(sched_|xdp|cgroup_skb|cgroup_sock|lwt_|sock_ops|sk_|flow_dissector|cgroup_sysctl|cgroup_device|netfilter|ext)/;
const tracingTypes = /^(kprobe|tracepoint|perf_event|raw_tracepoint|tracing|lsm|struct_ops|ext)/;

/** What the kernel asks of whoever loads a program of this type. */
export function capabilitiesFor(type: ProgramType): Capability[] {
	const needs: Capability[] = ["CAP_BPF"];
	if (networkTypes.test(type)) needs.push("CAP_NET_ADMIN");
	if (tracingTypes.test(type)) needs.push("CAP_PERFMON");
	return needs;
}

/** What can be in the way of a BPF operation, as this process finds it. */
export interface PermissionFacts {
	/** Effective capabilities, one bit each. */
	readonly effective: bigint;
	/** Running kernel, as in `[6, 18]`. */
	readonly kernel: readonly [major: number, minor: number];
	/** Kernel lockdown: `none`, `integrity` or `confidentiality`. */
	readonly lockdown: string;
	/** `kernel.unprivileged_bpf_disabled`; undefined where it cannot be read. */
	readonly unprivilegedBpfDisabled: number | undefined;
	/** The process runs under a seccomp filter. */
	readonly seccomp: boolean;
	/** The process is in a user namespace of its own: its capabilities do not count outside. */
	readonly userNamespace: boolean;
}

/** What is missing, why that explains the refusal, and what to do. */
export interface PermissionExplanation {
	missing: string;
	why: string;
	hint: string;
}

/** Reads the facts from /proc and /sys. What cannot be read counts as not in the way. */
export function readPermissionFacts(): PermissionFacts {
	const status = readOr("/proc/self/status", "");
	const [major, minor] = release().split(".").map(Number);
	const disabled = readOr("/proc/sys/kernel/unprivileged_bpf_disabled", "");
	const userMap = readOr("/proc/self/uid_map", "").trim().split(/\s+/);
	return {
		effective: BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`),
		kernel: [major ?? 0, minor ?? 0],
		lockdown: /\[(\w+)\]/.exec(readOr("/sys/kernel/security/lockdown", ""))?.[1] ?? "none",
		unprivilegedBpfDisabled: disabled === "" ? undefined : Number(disabled),
		seccomp: /^Seccomp:\s*[12]/m.test(status),
		userNamespace: userMap.length === 3 && userMap[2] !== "4294967295",
	};
}

/** Names what made the kernel say EPERM to an operation that needs these capabilities. */
export function explainPermission(
	facts: PermissionFacts,
	needs: readonly Capability[],
): PermissionExplanation {
	const missing = missingCapabilities(facts, needs);
	if (missing.length > 0) return explainCapabilities(facts, missing);
	if (facts.userNamespace) {
		return {
			missing: "initial user namespace",
			why: "this process has its capabilities only inside a user namespace",
			hint: "run it in the initial user namespace (a container: without user remapping)",
		};
	}
	if (facts.lockdown === "confidentiality" || facts.lockdown === "integrity") {
		return {
			missing: `lockdown=${facts.lockdown}`,
			why: `kernel lockdown is in ${facts.lockdown} mode`,
			hint: "boot with lockdown=none, or without Secure Boot where the distribution ties lockdown to it",
		};
	}
	if (facts.seccomp) {
		return {
			missing: "seccomp",
			why: "this process runs under a seccomp filter, which may refuse bpf()",
			hint: "allow bpf() in the container's seccomp profile",
		};
	}
	if (isBelow(facts.kernel, 5, 11)) {
		return {
			missing: "RLIMIT_MEMLOCK",
			why: "kernels before 5.11 count BPF memory against RLIMIT_MEMLOCK, and it could not be raised",
			hint: "ulimit -l unlimited, or grant CAP_SYS_RESOURCE",
		};
	}
	return {
		missing: "unknown",
		why: "all capabilities it needs are there, so a security module (SELinux, AppArmor, BPF LSM) refuses",
		hint: "look for a denial in the kernel log or the audit log",
	};
}

/** The capabilities of `needs` that are not effective. CAP_SYS_ADMIN stands in for all but CAP_SYS_RESOURCE. */
export function missingCapabilities(facts: PermissionFacts, needs: readonly Capability[]): Capability[] {
	const has = (name: Capability) => ((facts.effective >> BigInt(capabilityBits[name])) & 1n) === 1n;
	if (isBelow(facts.kernel, 5, 8)) {
		// CAP_BPF and CAP_PERFMON were split off in 5.8.
		const older = needs.map((name) =>
			name === "CAP_BPF" || name === "CAP_PERFMON" ? "CAP_SYS_ADMIN" : name,
		);
		return [...new Set(older)].filter((name) => !has(name));
	}
	return needs.filter((name) => !has(name) && !(has("CAP_SYS_ADMIN") && name !== "CAP_SYS_RESOURCE"));
}

function explainCapabilities(facts: PermissionFacts, missing: readonly Capability[]): PermissionExplanation {
	const names = missing.join(" and ");
	const sysctl =
		missing.includes("CAP_BPF") && (facts.unprivilegedBpfDisabled ?? 0) > 0
			? `, and kernel.unprivileged_bpf_disabled=${facts.unprivilegedBpfDisabled} allows nothing without`
			: "";
	return {
		missing: missing.join(", "),
		why: `this process lacks ${names}${sysctl}`,
		hint: `run it as root or grant ${names}`,
	};
}

const isBelow = (kernel: readonly [number, number], major: number, minor: number): boolean =>
	kernel[0] < major || (kernel[0] === major && kernel[1] < minor);

function readOr(path: string, otherwise: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return otherwise;
	}
}
