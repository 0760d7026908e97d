import test from "ava";
import {
	type Capability,
	explainPermission,
	type PermissionFacts,
	readPermissionFacts,
} from "../src/index.ts";

const bits = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21, CAP_SYS_RESOURCE: 24, CAP_PERFMON: 38, CAP_BPF: 39 };
const holding = (...names: Capability[]): bigint =>
	names.reduce((all, name) => all | (1n << BigInt(bits[name])), 0n);

const free: PermissionFacts = {
	effective: holding("CAP_BPF", "CAP_NET_ADMIN"),
	kernel: [6, 1],
	lockdown: "none",
	unprivilegedBpfDisabled: 2,
	seccomp: false,
	userNamespace: false,
};
const needs: Capability[] = ["CAP_BPF", "CAP_NET_ADMIN"];

const cases: readonly [title: string, facts: Partial<PermissionFacts>, missing: string, why: RegExp][] = [
	[
		"no capability",
		{ effective: 0n },
		"CAP_BPF, CAP_NET_ADMIN",
		/lacks CAP_BPF and CAP_NET_ADMIN, and kernel\.unprivileged_bpf_disabled=2/,
	],
	["no CAP_NET_ADMIN", { effective: holding("CAP_BPF") }, "CAP_NET_ADMIN", /lacks CAP_NET_ADMIN$/],
	[
		"no capability, sysctl off",
		{ effective: 0n, unprivilegedBpfDisabled: 0 },
		"CAP_BPF, CAP_NET_ADMIN",
		/lacks CAP_BPF and CAP_NET_ADMIN$/,
	],
	["CAP_BPF on a kernel before 5.8", { kernel: [5, 4] }, "CAP_SYS_ADMIN", /lacks CAP_SYS_ADMIN/],
	["a user namespace", { userNamespace: true }, "initial user namespace", /only inside a user namespace/],
	["lockdown", { lockdown: "confidentiality" }, "lockdown=confidentiality", /confidentiality mode/],
	["seccomp", { seccomp: true }, "seccomp", /seccomp filter/],
	[
		"a kernel that counts BPF memory",
		{ effective: holding("CAP_SYS_ADMIN", "CAP_NET_ADMIN"), kernel: [5, 10] },
		"RLIMIT_MEMLOCK",
		/before 5\.11/,
	],
	["nothing to be seen", {}, "unknown", /security module/],
	[
		"CAP_SYS_ADMIN in place of the others",
		{ effective: holding("CAP_SYS_ADMIN") },
		"unknown",
		/security module/,
	],
];

for (const [title, facts, missing, why] of cases) {
	test(`EPERM with ${title} is put down to: ${missing}`, (t) => {
		const explanation = explainPermission({ ...free, ...facts }, needs);
		t.is(explanation.missing, missing);
		t.regex(explanation.why, why);
		t.true(explanation.hint.length > 0);
	});
}

test("The facts of this process can be read", (t) => {
	const facts = readPermissionFacts();
	t.true(facts.kernel[0] >= 4);
	t.is(typeof facts.effective, "bigint");
	t.true(["none", "integrity", "confidentiality"].includes(facts.lockdown));
});
