import test from "ava";
import { UnsupportedError } from "bpf-loader";
import { formatError } from "../../../src/commands/format-error.ts";
import { explainKernel } from "../../../src/commands/run/explain-kernel.ts";

const refused = new UnsupportedError("cannot load sock_connect4: EINVAL", {
	code: "UNSUPPORTED",
	feature: "hook cgroup_inet4_getpeername",
	operation: "load",
	object: "program sock_connect4",
});
const missing = { group: "kernel", level: "fail", found: "missing" } as const;

test("A kernel that lacks what the programs need is named in one line, with what is missing and where it first is", (t) => {
	const error = explainKernel(refused, () => [
		{ group: "kernel", name: "release", level: "ok", found: "4.19.0" },
		{ ...missing, name: "hook cgroup_inet4_getpeername", advice: "Linux 5.10 has it" },
		{ ...missing, name: "links to cgroups", advice: "Linux 5.10 has it" },
		{ group: "kernel", name: "batch operations", level: "warn", found: "missing: slower" },
	]);
	const text = formatError(error, { command: "run", verbose: false });
	t.regex(
		text,
		/^kproxy run: Linux \S+ cannot run kproxy, which needs hook cgroup_inet4_getpeername \(Linux 5\.10 has it\), links to cgroups \(Linux 5\.10 has it\); kproxy doctor says what else this node lacks\n$/,
	);
	t.is((error as Error).cause, refused);
});

test("Where the kernel has everything the error stays what it is, and so does one of another kind", (t) => {
	t.is(
		explainKernel(refused, () => [{ group: "kernel", name: "BTF", level: "warn", found: "missing" }]),
		refused,
	);
	const other = new Error("disk full");
	t.is(
		explainKernel(other, () => t.fail("the kernel is not asked") as never),
		other,
	);
});
