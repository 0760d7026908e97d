import test from "ava";
import type { PermissionFacts } from "bpf-loader";
import { checkPermissions, type PermissionView } from "../../../src/commands/doctor/permission-checks.ts";

const FACTS: PermissionFacts = {
	effective: 0x1ffffffffffn,
	kernel: [6, 1],
	lockdown: "integrity",
	unprivilegedBpfDisabled: 2,
	seccomp: false,
	userNamespace: false,
};
const VIEW: PermissionView = { facts: FACTS, jit: "1", lockedMemory: "8388608" };

const checked = (facts: Partial<PermissionFacts>, view: Partial<PermissionView> = {}) =>
	new Map(
		checkPermissions({ ...VIEW, ...view, facts: { ...FACTS, ...facts } }).map((check) => [check.name, check]),
	);

test("With every capability all is well", (t) => {
	t.deepEqual(new Set([...checked({}).values()].map(({ level }) => level)), new Set(["ok"]));
});

test("Each missing capability is named with what kproxy needs it for and how to get it", (t) => {
	const checks = checked({ effective: 0n, seccomp: true });
	t.like(checks.get("CAP_BPF"), {
		level: "fail",
		found: "missing: creates maps and loads programs",
		advice: "run as root, or add BPF to securityContext.capabilities.add",
	});
	t.is(checks.get("CAP_NET_ADMIN")?.level, "fail");
	for (const optional of ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE"]) t.is(checks.get(optional)?.level, "warn");
	t.regex(checks.get("seccomp")?.found ?? "", /a filter is on/);
});

test("CAP_SYS_ADMIN stands for CAP_BPF, not for CAP_NET_ADMIN", (t) => {
	const checks = checked({ effective: 1n << 21n });
	t.deepEqual(
		["CAP_BPF", "CAP_NET_ADMIN"].map((name) => checks.get(name)?.level),
		["ok", "fail"],
	);
});

for (const { kernel, lockedMemory, level } of [
	{ kernel: [5, 10], lockedMemory: "65536", level: "fail" },
	{ kernel: [5, 10], lockedMemory: "unlimited", level: "ok" },
	{ kernel: [5, 11], lockedMemory: "65536", level: "ok" },
	{ kernel: [5, 10], lockedMemory: undefined, level: "fail" },
] as const) {
	test(`A limit of ${lockedMemory} on locked memory is ${level} on Linux ${kernel.join(".")}`, (t) => {
		t.is(checked({ kernel }, { lockedMemory }).get("locked memory")?.level, level);
	});
}

test("A JIT that is off is a warning, one that cannot be read is none", (t) => {
	t.is(checked({}, { jit: "0" }).get("net.core.bpf_jit_enable")?.level, "warn");
	t.is(checked({}, { jit: undefined }).get("net.core.bpf_jit_enable")?.level, "ok");
});
