import test from "ava";
import { attachWithoutLink, SockMapProgram } from "../../src/attach/sock-map.ts";
import {
	attachSkMsg,
	attachSkSkb,
	attachSockops,
	BpfError,
	Link,
	loadObject,
	openSpec,
	probe,
} from "../../src/index.ts";
import { compileObject } from "../btf/compile.ts";
import { lacks } from "../lacks.ts";
import { makeBpffs, makeCgroup, readNumber, shellInCgroup } from "./sandbox.ts";

/** Puts every TCP connection of a cgroup into `socks`, and counts what is sent and what arrives on them. */
const programs = openSpec(
	compileObject(`
#include <bpf/bpf_endian.h>
struct ports { __u32 local; __u32 remote; };
struct { __uint(type, BPF_MAP_TYPE_SOCKHASH); __uint(max_entries, 64); __type(key, struct ports); __type(value, __u64); } socks SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 5); __type(key, __u32); __type(value, __u64); } hits SEC(".maps");
static __always_inline void count(__u32 key)
{
	__u64 *value = bpf_map_lookup_elem(&hits, &key);
	if (value) __sync_fetch_and_add(value, 1);
}
SEC("sockops") int established(struct bpf_sock_ops *ops)
{
	struct ports ports = { .local = ops->local_port, .remote = bpf_ntohl(ops->remote_port) };
	if (ops->op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB && ops->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB) return 1;
	count(0);
	bpf_sock_hash_update(ops, &socks, &ports, BPF_ANY);
	return 1;
}
SEC("sk_msg") int sent(struct sk_msg_md *msg) { count(1); return SK_PASS; }
SEC("sk_msg") int sent_too(struct sk_msg_md *msg) { count(2); return SK_PASS; }
SEC("sk_skb/stream_parser") int parse(struct __sk_buff *skb) { return skb->len; }
SEC("sk_skb/stream_verdict") int arrived(struct __sk_buff *skb) { count(3); return SK_PASS; }
SEC("sk_skb/verdict") int arrived_plain(struct __sk_buff *skb) { count(4); return SK_PASS; }
SEC("xdp") int other(struct xdp_md *ctx) { return XDP_PASS; }
`),
);
type Names = {
	programs: "established" | "sent" | "sent_too" | "parse" | "arrived" | "arrived_plain" | "other";
	maps: "socks" | "hits";
	variables: never;
};
const SENT = 1;
const SENT_TOO = 2;
const ARRIVED = 3;
const ARRIVED_PLAIN = 4;

/** One TCP connection over loopback, one message each way; its process is in the cgroup. */
const echo = `
const net = require("node:net");
const server = net.createServer((socket) => socket.on("data", (data) => socket.end(data)));
server.listen(0, "127.0.0.1", () => {
	const client = net.connect(server.address().port, "127.0.0.1", () => client.write("hello"));
	client.on("data", (data) => { if (String(data) !== "hello") process.exit(2); });
	client.on("close", () => server.close());
});`;
const talk = (cgroup: string) => shellInCgroup(cgroup, `exec "${process.execPath}" -e '${echo}'`);

test("A sockops program sees connections being made on both sides", (t) => {
	using object = loadObject<Names>(programs);
	const cgroup = makeCgroup(t);
	using link = attachSockops({ program: object.programs.established, cgroup });
	t.is(link.info().attachType, "cgroup_sock_ops");
	t.is(talk(cgroup).status, 0);
	t.is(readNumber(object.maps.hits), 2n);
});

test("An sk_msg program sees what is sent on the sockets of its map, and is swapped in place", (t) => {
	using object = loadObject<Names>(programs);
	const { programs: loaded, maps } = object;
	const cgroup = makeCgroup(t);
	using _sockops = attachSockops({ program: loaded.established, cgroup });
	using attachment = attachSkMsg({ program: loaded.sent, map: maps.socks });
	t.is(talk(cgroup).status, 0);
	t.is(readNumber(maps.hits, SENT), 2n);
	const { programId, mapId, attachType } = attachment.info();
	t.deepEqual(
		{ programId, mapId, attachType },
		{ programId: loaded.sent.info().id, mapId: maps.socks.info.id, attachType: "sk_msg_verdict" },
	);
	t.is(attachment instanceof Link, probe().sockMapLinks());
	attachment.update(loaded.sent_too);
	t.is(talk(cgroup).status, 0);
	t.is(readNumber(maps.hits, SENT), 2n);
	t.is(readNumber(maps.hits, SENT_TOO), 2n);
	attachment.detach();
	t.is(talk(cgroup).status, 0);
	t.is(readNumber(maps.hits, SENT_TOO), 2n);
});

test("The way without a link attaches, swaps and detaches as well", (t) => {
	using object = loadObject<Names>(programs);
	const { programs: loaded, maps } = object;
	const cgroup = makeCgroup(t);
	using _sockops = attachSockops({ program: loaded.established, cgroup });
	const at = { program: loaded.sent, map: maps.socks };
	attachWithoutLink(at, "sk_msg_verdict");
	using attachment = new SockMapProgram(at, "sk_msg_verdict");
	t.is(attachment.info().programId, loaded.sent.info().id);
	t.is(talk(cgroup).status, 0);
	t.is(readNumber(maps.hits, SENT), 2n);
	attachment.update(loaded.sent_too);
	t.is(attachment.info().programId, loaded.sent_too.info().id);
	t.is(talk(cgroup).status, 0);
	t.is(readNumber(maps.hits, SENT_TOO), 2n);
	attachment.detach();
	attachment.detach();
	t.is(talk(cgroup).status, 0);
	t.is(readNumber(maps.hits, SENT_TOO), 2n);
});

test("sk_skb programs see what arrives, with a parser and without", (t) => {
	using object = loadObject<Names>(programs);
	const { programs: loaded, maps } = object;
	const cgroup = makeCgroup(t);
	using _sockops = attachSockops({ program: loaded.established, cgroup });
	const parser = attachSkSkb({ program: loaded.parse, map: maps.socks });
	const verdict = attachSkSkb({ program: loaded.arrived, map: maps.socks });
	// Kernels without it also have a bug (seen in Debian's 5.10): a packet that a verdict behind a parser lets pass makes
	// the kernel take sk_callback_lock twice, and wait for itself for ever.
	const has = probe().attachType("sk_skb_verdict");
	if (has) {
		t.is(talk(cgroup).status, 0);
		t.is(readNumber(maps.hits, ARRIVED), 2n);
	}
	for (const each of [verdict, parser]) {
		each.detach();
		each.close();
	}
	if (lacks(t, { feature: "attach type sk_skb_verdict", has })) return;
	using _plain = attachSkSkb({ program: loaded.arrived_plain, map: maps.socks, role: "verdict" });
	t.is(talk(cgroup).status, 0);
	t.is(readNumber(maps.hits, ARRIVED), 2n);
	// Without a parser the program also sees the ends of the streams.
	t.true(readNumber(maps.hits, ARRIVED_PLAIN) >= 2n);
});

test("A socket map's link can be pinned where the kernel has such links", (t) => {
	using object = loadObject<Names>(programs);
	using attachment = attachSkMsg({ program: object.programs.sent, map: object.maps.socks });
	if (attachment instanceof Link) attachment.pin(`${makeBpffs(t)}/link`);
	t.is(attachment instanceof Link, probe().sockMapLinks());
});

test("A map or program that does not fit is refused in one line", (t) => {
	using object = loadObject<Names>(programs);
	const { sent, other, parse } = object.programs;
	const { socks, hits } = object.maps;
	const facts = { instanceOf: BpfError, code: "ATTACH_REFUSED" };
	t.throws(() => attachSkMsg({ program: sent, map: hits }), {
		...facts,
		message: /a map of type array/,
	});
	t.throws(() => attachSkMsg({ program: other, map: socks }), { ...facts, message: /type xdp/ });
	t.throws(() => attachSkMsg({ program: parse, map: socks }), facts);
	const missing = { instanceOf: BpfError, code: "ATTACH_TYPE_MISSING" };
	using plain = loadObject<{ programs: "p"; maps: never; variables: never }>(
		openSpec(compileObject('SEC("sk_skb") int p(struct __sk_buff *c) { return SK_PASS; }')),
	);
	t.throws(() => attachSkSkb({ program: plain.programs.p, map: socks }), missing);
});
