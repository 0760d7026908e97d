import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import test from "ava";
import { openSpec } from "../../src/index.ts";
import { compileObject } from "../btf/compile.ts";

const index = new URL("../../src/index.ts", import.meta.url).href;
const object = compileObject(`
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } table SEC(".maps");
const volatile __u32 limit = 5;
SEC("tc") int prog(struct __sk_buff *c) { __u32 key = limit; return bpf_map_lookup_elem(&table, &key) != 0; }
SEC("?xdp") int bad(struct xdp_md *c) { return *(char *)(long)c->data; }
char LICENSE[] SEC("license") = "GPL";`);

/**
 * Runs `body` in a process behind `launcher`, with the package as `loader` and the object's bytes as `bytes`. What it
 * returns comes back as `result`; an error comes back as its facts.
 */
function runBehind(
	launcher: readonly string[],
	body: string,
): { result: Record<string, unknown>; terminal: string } {
	const script = `
import { readFileSync, writeSync } from "node:fs";
const bytes = readFileSync(0);
const loader = await import("${index}");
let result;
try { result = (() => { ${body} })(); }
catch (error) { result = { name: error.name, message: error.message, ...error }; }
writeSync(3, JSON.stringify(result, (_, value) => typeof value === "bigint" ? String(value) : value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value));`;
	const [command = "", ...args] = [
		...launcher,
		process.execPath,
		"--conditions=source",
		"--input-type=module",
		"-e",
		script,
	];
	const child = spawnSync(command, args, {
		input: readFileSync(object),
		stdio: ["pipe", "pipe", "pipe", "pipe"],
		timeout: 60_000,
	});
	const terminal = `${child.stdout}${child.stderr}`;
	const answer = child.output[3]?.toString() ?? "";
	if (answer === "") throw new Error(`${command} gave no answer: ${terminal}`);
	return { result: JSON.parse(answer), terminal };
}

/** It may read any file, because a checkout may lie where only its owner gets, and do nothing else. */
const nobody = [
	"setpriv",
	"--reuid=65534",
	"--regid=65534",
	"--clear-groups",
	"--inh-caps=-all,+dac_read_search",
	"--ambient-caps=-all,+dac_read_search",
	"--bounding-set=-all,+dac_read_search",
];

test("A user without privileges opens the same spec as root", (t) => {
	const { result } = runBehind(
		nobody,
		'return { ...loader.openSpec(bytes, { name: "x" }), uid: process.getuid() };',
	);
	const own = openSpec(readFileSync(object), { name: "x" });
	const hex = (value: unknown): unknown =>
		JSON.parse(
			JSON.stringify(value, (_, each) =>
				each instanceof Uint8Array ? Buffer.from(each).toString("hex") : each,
			),
		);
	t.deepEqual(result, { ...(hex(own) as object), uid: 65534 });
});

/** What a process lacks, what it tries, and what it is told. */
const refusals: readonly [title: string, launcher: readonly string[], body: string, missing: string][] = [
	["no capability loads", nobody, "loader.loadObject(loader.openSpec(bytes));", "CAP_BPF"],
	["no capability probes", nobody, 'return loader.probe().mapType("hash");', "CAP_BPF"],
	[
		"CAP_BPF alone loads a TC program",
		["setpriv", "--bounding-set=-all,+dac_read_search,+bpf"],
		"loader.loadObject(loader.openSpec(bytes));",
		"CAP_NET_ADMIN",
	],
	[
		"CAP_BPF alone probes XDP",
		["setpriv", "--bounding-set=-all,+dac_read_search,+bpf"],
		'return loader.probe().programType("xdp");',
		"CAP_NET_ADMIN",
	],
	[
		"CAP_BPF and CAP_NET_ADMIN open a program by its number",
		["setpriv", "--bounding-set=-all,+dac_read_search,+bpf,+net_admin"],
		"using o = loader.loadObject(loader.openSpec(bytes)); return loader.openProgramById(o.programs.prog.info().id);",
		"CAP_SYS_ADMIN",
	],
];

for (const [title, launcher, body, missing] of refusals) {
	test(`A process with ${title}, and is told what is missing`, (t) => {
		const { result, terminal } = runBehind(launcher, body);
		t.like(result, { name: "PermissionError", code: "PERMISSION", errno: 1 });
		t.true(String(result.missing).startsWith(missing), String(result.missing));
		t.regex(String(result.message), new RegExp(`this process lacks ${missing}`));
		t.false(String(result.message).includes("\n"));
		t.is(terminal, "");
	});
}

test("CAP_BPF and CAP_NET_ADMIN are enough to load and run a TC program", (t) => {
	const { result } = runBehind(
		["setpriv", "--bounding-set=-all,+dac_read_search,+bpf,+net_admin"],
		"using o = loader.loadObject(loader.openSpec(bytes)); return o.programs.prog.testRun({ data: new Uint8Array(64) });",
	);
	t.like(result, { returnValue: 0 });
});

test("Nothing of libbpf's log reaches the terminal, whatever fails", (t) => {
	const { result, terminal } = runBehind(
		["env"],
		`
for (const use of [
	() => loader.loadObject(loader.openSpec(bytes), { programs: { bad: { load: true } } }),
	() => loader.loadObject({ ...loader.openSpec(bytes), bytes: new Uint8Array(100) }),
	() => loader.loadObject(loader.openSpec(bytes), { maps: { table: { maxEntries: 4e9 } } }),
	() => loader.attachClsact({ program: loader.loadObject(loader.openSpec(bytes)).programs.prog, ifindex: 4711, direction: "ingress" }),
]) { try { use(); return { missed: String(use) }; } catch {} }
return { done: true };`,
	);
	t.deepEqual(result, { done: true });
	t.is(terminal, "");
});

test("A missing libbpf names the package that brings it", (t) => {
	const { library } = runBehind(
		["env"],
		'loader.probe().mapType("hash"); return { library: /\\/\\S*libbpf\\.so\\S*/.exec(readFileSync("/proc/self/maps", "utf8"))[0] };',
	).result;
	// In a mount namespace of the child's own, so that the machine keeps its library.
	const launcher = ["unshare", "--mount", "sh", "-c", `mount --bind /dev/null ${library} && exec "$@"`, "sh"];
	const { result } = runBehind(launcher, "loader.loadObject(loader.openSpec(bytes));");
	t.like(result, { name: "BpfError", code: "LIBBPF_MISSING", hint: "apt-get install libbpf1" });
	t.regex(String(result.message), /install the package libbpf1 \(Debian, Ubuntu\)/);
});
