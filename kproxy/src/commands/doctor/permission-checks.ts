import { readFileSync } from "node:fs";
import { type PermissionFacts, readPermissionFacts } from "bpf-loader";
import type { Check } from "./check.ts";

const GROUP = "permissions";

/** A capability by its bit in linux/capability.h, and what kproxy does with it. */
interface Need {
	name: string;
	bit: bigint;
	why: string;
	/** Without it kproxy still works, worse. */
	optional?: boolean;
	/** CAP_SYS_ADMIN stands for it: it was split off in Linux 5.8. */
	splitOff?: boolean;
}

const SYS_ADMIN_BIT = 21n;

const NEEDS: readonly Need[] = [
	{ name: "CAP_BPF", bit: 39n, why: "creates maps and loads programs", splitOff: true },
	{
		name: "CAP_NET_ADMIN",
		bit: 12n,
		why: "loads programs on sockets and packets, attaches them to cgroups and devices, reserves the NodePorts",
	},
	{
		name: "CAP_SYS_ADMIN",
		bit: SYS_ADMIN_BIT,
		why: "enters the network namespaces of pods, to end UDP sockets to backends that are gone; names other owners' programs",
		optional: true,
	},
	{
		name: "CAP_SYS_PTRACE",
		bit: 19n,
		why: "finds the network namespaces of pods, to end UDP sockets to backends that are gone",
		optional: true,
	},
];

/** What is checked: the loader's facts and two of our own, undefined where they cannot be read. */
export interface PermissionView {
	facts: PermissionFacts;
	/** `net.core.bpf_jit_enable`: `0` is off. */
	jit: string | undefined;
	/** Soft limit on locked memory: bytes, or `unlimited`. */
	lockedMemory: string | undefined;
}

/** Capabilities, lockdown, sysctls and the memory limit, as far as they decide whether programs load. */
export function checkPermissions(view: PermissionView = readView()): Check[] {
	return [
		...NEEDS.map((need) => checkCapability(need, view.facts.effective)),
		// It keeps programs from reading kernel memory; programs on sockets do not read any.
		{ group: GROUP, name: "lockdown", level: "ok", found: view.facts.lockdown },
		checkJit(view),
		checkLockedMemory(view),
		{
			group: GROUP,
			name: "seccomp",
			level: "ok",
			found: view.facts.seccomp
				? "a filter is on: whether it lets bpf(2) through, the kernel checks show"
				: "no filter",
		},
	];
}

function checkCapability({ name, bit, why, optional, splitOff }: Need, effective: bigint): Check {
	const has = (wanted: bigint) => (effective & (1n << wanted)) !== 0n;
	if (has(bit) || (splitOff === true && has(SYS_ADMIN_BIT))) {
		return { group: GROUP, name, level: "ok", found: `held: ${why}` };
	}
	return {
		group: GROUP,
		name,
		level: optional ? "warn" : "fail",
		found: `missing: ${why}`,
		advice: `run as root, or add ${name.slice("CAP_".length)} to securityContext.capabilities.add`,
	};
}

function checkJit({ jit }: PermissionView): Check {
	const off = jit === "0";
	return {
		group: GROUP,
		name: "net.core.bpf_jit_enable",
		level: off ? "warn" : "ok",
		found: jit ?? "not readable here",
		advice: off
			? "sysctl -w net.core.bpf_jit_enable=1: interpreted programs are several times slower"
			: undefined,
	};
}

/** Before Linux 5.11 map memory counts against the limit on locked memory. */
function checkLockedMemory({ facts, lockedMemory }: PermissionView): Check {
	const [major, minor] = facts.kernel;
	const counted = major < 5 || (major === 5 && minor < 11);
	const low = counted && lockedMemory !== "unlimited";
	return {
		group: GROUP,
		name: "locked memory",
		level: low ? "fail" : "ok",
		found: counted
			? `limit ${lockedMemory ?? "unknown"}`
			: "map memory does not count against the limit on this kernel",
		advice: low ? "ulimit -l unlimited, or CAP_SYS_RESOURCE" : undefined,
	};
}

function readView(): PermissionView {
	return {
		facts: readPermissionFacts(),
		jit: read("/proc/sys/net/core/bpf_jit_enable")?.trim(),
		lockedMemory: /^Max locked memory\s+(\S+)/m.exec(read("/proc/self/limits") ?? "")?.[1],
	};
}

function read(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return undefined;
	}
}
