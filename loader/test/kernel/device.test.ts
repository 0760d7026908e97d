import test from "ava";
import {
	attachClsact,
	attachTc,
	attachTcx,
	attachXdp,
	BpfError,
	type Direction,
	interfaceIndex,
	interfaceName,
	Link,
	listTcxPrograms,
	loadObject,
	openPinnedLink,
	openSpec,
	openTcFilter,
	probe,
} from "../../src/index.ts";
import { compileObject } from "../btf/compile.ts";
import { lacks } from "../lacks.ts";
import { makeBpffs, makeNamespace, readNumber } from "./sandbox.ts";

/** Programs that count UDP packets to port 9 in `hits`, and pass or drop all packets. */
const counters = openSpec(
	compileObject(`
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
__u64 hits;
static __always_inline void count(void *data, void *end)
{
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	if ((void *)(udp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != 17) return;
	if (udp->dest == bpf_htons(9)) __sync_fetch_and_add(&hits, 1);
}
#define COUNT(c) count((void *)(long)(c)->data, (void *)(long)(c)->data_end)
SEC("tc") int pass(struct __sk_buff *c) { COUNT(c); return TC_ACT_UNSPEC; }
SEC("tcx/ingress") int drop(struct __sk_buff *c) { COUNT(c); return TC_ACT_SHOT; }
SEC("xdp") int xdp_pass(struct xdp_md *c) { COUNT(c); return XDP_PASS; }
SEC("xdp") int xdp_drop(struct xdp_md *c) { COUNT(c); return XDP_DROP; }
`),
);
type Counters = { programs: "pass" | "drop" | "xdp_pass" | "xdp_drop"; maps: ".bss"; variables: "hits" };

/** Asked in the tests, not while they are declared: without privileges the file must still load. */
const tcx = () => ({ feature: "tcx links", has: probe().tcx() });

const sendUdp = "echo x > /dev/udp/127.0.0.1/9";

for (const direction of ["ingress", "egress"] as const satisfies Direction[]) {
	test(`A tcx link on ${direction} sees packets, swaps its program in place, and lets go when closed`, (t) => {
		if (lacks(t, tcx())) return;
		using object = loadObject<Counters>(counters);
		using other = loadObject<Counters>(counters);
		const net = makeNamespace(t);
		const { pass } = object.programs;
		const link = net.inside(() => attachTcx({ program: pass, ifindex: net.lo, direction }));
		net.shell(sendUdp);
		t.is(readNumber(object.maps[".bss"]), 1n);
		const info = link.info();
		const attachType = direction === "ingress" ? "tcx_ingress" : "tcx_egress";
		t.deepEqual(info, { id: info.id, type: "tcx", programId: pass.info().id, ifindex: net.lo, attachType });
		link.update(other.programs.drop);
		net.shell(sendUdp);
		t.is(readNumber(object.maps[".bss"]), 1n);
		t.is(readNumber(other.maps[".bss"]), 1n);
		link.close();
		net.shell(sendUdp);
		t.is(readNumber(other.maps[".bss"]), 1n);
	});
}

test("A tcx program put first runs before the one that was there", (t) => {
	if (lacks(t, tcx())) return;
	using behind = loadObject<Counters>(counters);
	using before = loadObject<Counters>(counters);
	const net = makeNamespace(t);
	const at = { ifindex: net.lo, direction: "ingress" } as const;
	const list = () => net.inside(() => listTcxPrograms(at));
	t.deepEqual(list(), []);
	using _behind = net.inside(() => attachTcx({ ...at, program: behind.programs.pass }));
	using _before = net.inside(() => attachTcx({ ...at, program: before.programs.drop, position: "first" }));
	t.deepEqual(list(), [before.programs.drop.info().id, behind.programs.pass.info().id]);
	t.throws(() => net.inside(() => listTcxPrograms({ ...at, ifindex: 99 })), { code: "DEVICE_MISSING" });
	net.shell(sendUdp);
	t.is(readNumber(before.maps[".bss"]), 1n);
	t.is(readNumber(behind.maps[".bss"]), 0n);
});

test("A clsact filter sees packets, swaps its program, is found by its place, and goes when detached", (t) => {
	using object = loadObject<Counters>(counters);
	using other = loadObject<Counters>(counters);
	const net = makeNamespace(t);
	const at = { ifindex: net.lo, direction: "ingress" } as const;
	const filter = net.inside(() =>
		attachClsact({ ...at, program: object.programs.pass, priority: 7, handle: 3 }),
	);
	net.shell(sendUdp);
	t.is(readNumber(object.maps[".bss"]), 1n);
	t.deepEqual(filter.place, { ...at, priority: 7, handle: 3 });
	filter.close();
	const found = net.inside(() => openTcFilter(filter.place));
	t.is(
		net.inside(() => found?.info().programId),
		object.programs.pass.info().id,
	);
	net.inside(() => found?.update(other.programs.drop));
	net.shell(sendUdp);
	t.is(readNumber(other.maps[".bss"]), 1n);
	net.inside(() => found?.detach());
	net.inside(() => found?.detach());
	t.is(
		net.inside(() => openTcFilter(filter.place)),
		undefined,
	);
	t.throws(() => net.inside(() => filter.info()), { code: "FILTER_MISSING" });
	net.shell(sendUdp);
	t.is(readNumber(other.maps[".bss"]), 1n);
});

test("A clsact filter takes no place that another has, and leaves the other alone", (t) => {
	using object = loadObject<Counters>(counters);
	const net = makeNamespace(t);
	const at = { ifindex: net.lo, direction: "egress", priority: 1, handle: 1 } as const;
	net.inside(() => attachClsact({ ...at, program: object.programs.pass }));
	const again = () => net.inside(() => attachClsact({ ...at, program: object.programs.drop }));
	t.throws(again, { instanceOf: BpfError, code: "HOOK_BUSY" });
	t.is(
		net.inside(() => openTcFilter(at)?.info().programId),
		object.programs.pass.info().id,
	);
	const chosen = net.inside(() =>
		attachClsact({ program: object.programs.drop, ifindex: net.lo, direction: "egress" }),
	);
	t.true(chosen.place.priority > 0 && chosen.place.handle > 0);
});

test("attachTc takes the way that the kernel has", (t) => {
	using object = loadObject<Counters>(counters);
	const net = makeNamespace(t);
	const attach = () => attachTc({ program: object.programs.pass, ifindex: net.lo, direction: "ingress" });
	using attachment = net.inside(attach);
	t.is(attachment instanceof Link, probe().tcx());
	net.shell(sendUdp);
	t.is(readNumber(object.maps[".bss"]), 1n);
	// A filter is asked for by its device, in whose namespace the question is put.
	t.is(
		net.inside(() => attachment.info().attachType),
		"tcx_ingress",
	);
});

const veth = [
	"link add v0 type veth peer name v1",
	"link set v0 up",
	"link set v1 up",
	"addr add 192.0.2.1/24 dev v1",
];

for (const [mode, device] of [
	["generic", "lo"],
	["native", "v0"],
] as const) {
	test(`An XDP link in ${mode} mode sees packets and swaps its program in place`, (t) => {
		using object = loadObject<Counters>(counters);
		using other = loadObject<Counters>(counters);
		const net = makeNamespace(t, mode === "native" ? veth : []);
		const ifindex = net.inside(() => interfaceIndex(device));
		const send =
			mode === "native"
				? "ip neigh replace 192.0.2.2 lladdr 02:00:00:00:00:09 dev v1; echo x > /dev/udp/192.0.2.2/9"
				: sendUdp;
		const program = object.programs.xdp_pass;
		using link = net.inside(() => attachXdp({ program, ifindex, mode }));
		net.shell(send);
		t.is(readNumber(object.maps[".bss"]), 1n);
		const info = link.info();
		t.deepEqual(info, { id: info.id, type: "xdp", programId: program.info().id, ifindex, attachType: "xdp" });
		link.update(other.programs.xdp_drop);
		net.shell(send);
		t.is(readNumber(other.maps[".bss"]), 1n);
		link.detach();
		t.is(link.info().ifindex, 0);
		net.shell(send);
		t.is(readNumber(other.maps[".bss"]), 1n);
	});
}

test("A pinned tcx link outlives the process's descriptor and is updated through its pin", (t) => {
	if (lacks(t, tcx())) return;
	using object = loadObject<Counters>(counters);
	const net = makeNamespace(t);
	const path = `${makeBpffs(t)}/tcx`;
	const at = { ifindex: net.lo, direction: "egress" } as const;
	const link = net.inside(() => attachTcx({ ...at, program: object.programs.pass }));
	link.pin(path);
	link.close();
	using found = openPinnedLink(path);
	found.update(object.programs.drop);
	net.shell(sendUdp);
	t.is(readNumber(object.maps[".bss"]), 1n);
});

test("What is attached to a device and cannot be is said in one line", (t) => {
	if (lacks(t, tcx())) return;
	using object = loadObject<Counters>(counters);
	const net = makeNamespace(t);
	const { pass, xdp_pass } = object.programs;
	const direction = "ingress";
	const wrong: [code: string, attach: () => unknown][] = [
		["DEVICE_MISSING", () => attachTcx({ program: pass, ifindex: 4711, direction })],
		["DEVICE_MISSING", () => attachClsact({ program: pass, ifindex: 4711, direction })],
		["DEVICE_MISSING", () => attachXdp({ program: xdp_pass, ifindex: 4711 })],
		["ATTACH_REFUSED", () => attachTcx({ program: xdp_pass, ifindex: net.lo, direction })],
		["ATTACH_REFUSED", () => attachXdp({ program: pass, ifindex: net.lo })],
		["XDP_NO_DRIVER", () => attachXdp({ program: xdp_pass, ifindex: net.lo, mode: "native" })],
	];
	for (const [code, attach] of wrong) {
		t.throws(() => net.inside(attach), { instanceOf: BpfError, code }, `${code}: ${attach}`);
	}
	using _link = net.inside(() => attachXdp({ program: xdp_pass, ifindex: net.lo }));
	const second = () => attachXdp({ program: xdp_pass, ifindex: net.lo });
	t.throws(() => net.inside(second), { code: "HOOK_BUSY" });
});

test("Devices are found by name in the network namespace that the process is in", (t) => {
	const net = makeNamespace(t, ["link add v0 type veth peer name v1"]);
	const index = net.inside(() => interfaceIndex("v1"));
	t.is(
		net.inside(() => interfaceName(index)),
		"v1",
	);
	t.is(interfaceName(4711), undefined);
	t.throws(() => interfaceIndex("v1"), { code: "DEVICE_MISSING", message: /no device v1/ });
});
