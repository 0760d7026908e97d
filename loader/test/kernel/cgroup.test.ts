import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import test from "ava";
import {
	type AttachType,
	attachCgroup,
	BpfError,
	listCgroupPrograms,
	loadObject,
	openPinnedLink,
	openSpec,
	probe,
} from "../../src/index.ts";
import { compileObject } from "../btf/compile.ts";
import { makeBpffs, makeCgroup, readNumber, shellInCgroup } from "./sandbox.ts";

/** Section, attach type and the value by which a program lets traffic pass. */
const hooks: readonly [section: string, attachType: AttachType, context: string][] = [
	["cgroup/connect4", "cgroup_inet4_connect", "bpf_sock_addr"],
	["cgroup/connect6", "cgroup_inet6_connect", "bpf_sock_addr"],
	["cgroup/sendmsg4", "cgroup_udp4_sendmsg", "bpf_sock_addr"],
	["cgroup/sendmsg6", "cgroup_udp6_sendmsg", "bpf_sock_addr"],
	["cgroup/recvmsg4", "cgroup_udp4_recvmsg", "bpf_sock_addr"],
	["cgroup/recvmsg6", "cgroup_udp6_recvmsg", "bpf_sock_addr"],
	["cgroup/getpeername4", "cgroup_inet4_getpeername", "bpf_sock_addr"],
	["cgroup/getpeername6", "cgroup_inet6_getpeername", "bpf_sock_addr"],
	["cgroup/getsockname4", "cgroup_inet4_getsockname", "bpf_sock_addr"],
	["cgroup/bind4", "cgroup_inet4_bind", "bpf_sock_addr"],
	["cgroup/bind6", "cgroup_inet6_bind", "bpf_sock_addr"],
	["cgroup/post_bind4", "cgroup_inet4_post_bind", "bpf_sock"],
	["cgroup/post_bind6", "cgroup_inet6_post_bind", "bpf_sock"],
	["cgroup/sock_create", "cgroup_inet_sock_create", "bpf_sock"],
	["cgroup/sock_release", "cgroup_inet_sock_release", "bpf_sock"],
	["cgroup_skb/ingress", "cgroup_inet_ingress", "__sk_buff"],
	["cgroup_skb/egress", "cgroup_inet_egress", "__sk_buff"],
	["sockops", "cgroup_sock_ops", "bpf_sock_ops"],
];

const functionName = (index: number): string => `hook_${index}`;

test("A program of every cgroup hook attaches by a link that says where it is", (t) => {
	const source = hooks.map(
		([section, , context], index) =>
			`SEC("${section}") int ${functionName(index)}(struct ${context} *c) { return 1; }`,
	);
	using object = loadObject(openSpec(compileObject(source.join("\n"))));
	const cgroup = makeCgroup(t);
	const cgroupId = statSync(cgroup, { bigint: true }).ino;
	hooks.forEach(([section, attachType], index) => {
		const program = object.programs[functionName(index)];
		if (program === undefined) throw new Error(`${section} was not loaded`);
		using link = attachCgroup({ program, cgroup });
		const info = link.info();
		const { id: programId } = program.info();
		t.deepEqual(info, { id: info.id, type: "cgroup", programId, cgroupId, attachType }, section);
		t.deepEqual(listCgroupPrograms(cgroup, attachType), [programId], section);
	});
	for (const [, attachType] of hooks) t.deepEqual(listCgroupPrograms(cgroup, attachType), [], attachType);
});

/** Counts connects of UDP sockets and lets them pass, or refuses them. */
const gates = openSpec(
	compileObject(`
__u64 seen;
SEC("cgroup/connect4") int pass(struct bpf_sock_addr *c) { __sync_fetch_and_add(&seen, 1); return 1; }
SEC("cgroup/connect4") int refuse(struct bpf_sock_addr *c) { __sync_fetch_and_add(&seen, 1); return 0; }
`),
);
type Gates = { programs: "pass" | "refuse"; maps: ".bss"; variables: "seen" };

const connect = (cgroup: string): boolean =>
	shellInCgroup(cgroup, "exec 3<>/dev/udp/127.0.0.1/9").status === 0;

test("An attached program sees the connects of its cgroup, and update and detach change what happens to them", (t) => {
	using object = loadObject<Gates>(gates);
	const { pass, refuse } = object.programs;
	const cgroup = makeCgroup(t);
	using link = attachCgroup({ program: pass, cgroup });
	t.true(connect(cgroup));
	t.is(readNumber(object.maps[".bss"]), 1n);
	link.update(refuse);
	t.is(link.info().programId, refuse.info().id);
	t.false(connect(cgroup));
	link.update(pass);
	t.true(connect(cgroup));
	t.is(readNumber(object.maps[".bss"]), 3n);
	link.update(refuse);
	link.detach();
	t.true(connect(cgroup));
	t.is(readNumber(object.maps[".bss"]), 3n);
});

// Serial: the other tests wait for their processes, and the swaps would wait with them.
test.serial(
	"A link is updated while connects are being made, and each meets one program or the other",
	async (t) => {
		using object = loadObject<Gates>(gates);
		const { pass } = object.programs;
		using other = loadObject<Gates>(gates);
		const cgroup = makeCgroup(t);
		using link = attachCgroup({ program: pass, cgroup });
		const dials = 5000;
		const loop = `for i in $(seq ${dials}); do exec 3<>/dev/udp/127.0.0.1/9 || exit 1; done`;
		// The shell dials in a process of its own while this one swaps programs as fast as it can.
		const shell = spawn("bash", ["-c", `echo $$ > "$0/cgroup.procs"; ${loop}`, cgroup]);
		const ended = once(shell, "exit");
		let swaps = 0;
		while (shell.exitCode === null) {
			link.update(swaps++ % 2 === 0 ? other.programs.pass : pass);
			await setImmediate();
		}
		t.deepEqual(await ended, [0, null]);
		t.true(swaps > 10);
		t.log(`${swaps} swaps during ${dials} connects`);
		const seen = readNumber(object.maps[".bss"]) + readNumber(other.maps[".bss"]);
		t.is(seen, BigInt(dials));
	},
);

test("A pinned link keeps its program attached without a process, and is found again by its path", (t) => {
	using object = loadObject<Gates>(gates);
	const cgroup = makeCgroup(t);
	const path = `${makeBpffs(t)}/link`;
	const link = attachCgroup({ program: object.programs.refuse, cgroup });
	link.pin(path);
	link.close();
	link.close();
	t.false(connect(cgroup));
	t.throws(() => link.info(), { instanceOf: BpfError, code: "CLOSED" });
	using found = openPinnedLink(path);
	t.is(found.info().programId, object.programs.refuse.info().id);
	found.update(object.programs.pass);
	t.true(connect(cgroup));
});

test("Two programs at one hook of a cgroup both run, in the order in which they came", (t) => {
	using first = loadObject<Gates>(gates);
	using second = loadObject<Gates>(gates);
	const cgroup = makeCgroup(t);
	using _one = attachCgroup({ program: first.programs.pass, cgroup });
	using _two = attachCgroup({ program: second.programs.pass, cgroup });
	t.true(connect(cgroup));
	t.is(readNumber(first.maps[".bss"]), 1n);
	t.is(readNumber(second.maps[".bss"]), 1n);
	const ids = [first, second].map((each) => each.programs.pass.info().id);
	t.deepEqual(listCgroupPrograms(cgroup, "cgroup_inet4_connect"), ids);
});

test("What is attached to a cgroup and cannot be is said in one line", (t) => {
	using object = loadObject<Gates>(gates);
	const program = object.programs.pass;
	const cgroup = makeCgroup(t);
	const wrong: [code: string, attach: () => unknown, message: RegExp][] = [
		[
			"CGROUP_MISSING",
			() => attachCgroup({ program, cgroup: "/nowhere" }),
			/cgroup \/nowhere cannot be opened/,
		],
		["CGROUP_NOT_V2", () => attachCgroup({ program, cgroup: "/tmp" }), /not in a cgroup2 file system/],
		[
			"ATTACH_REFUSED",
			() => attachCgroup({ program, cgroup, attachType: "cgroup_inet6_connect" }),
			/cgroup_sock_addr at cgroup_inet6_connect/,
		],
	];
	for (const [code, attach, message] of wrong) t.throws(attach, { instanceOf: BpfError, code, message });
	using link = attachCgroup({ program, cgroup });
	t.true(probe().cgroupLinks());
	using another = loadObject(openSpec(compileObject('SEC("xdp") int x(struct xdp_md *c) { return 2; }')));
	const xdp = another.programs.x;
	if (xdp !== undefined) t.throws(() => link.update(xdp), { code: "LINK_UPDATE", message: /type xdp/ });
});
