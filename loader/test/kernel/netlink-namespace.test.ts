import { readdirSync, readlinkSync } from "node:fs";
import test from "ava";
import { BpfError, inNetworkNamespace, netnsCookie, readNetwork } from "../../src/index.ts";
import { lacks } from "../lacks.ts";
import { makeNamespace } from "./sandbox.ts";

const current = () => readlinkSync("/proc/thread-self/ns/net");

test("inNetworkNamespace runs a function there and comes back, with what it returned", (t) => {
	const net = makeNamespace(t, ["link add br9 type bridge"]);
	const home = current();
	const [there, links] = inNetworkNamespace(net.path, () => [current(), readNetwork().links]);
	t.not(there, home);
	t.deepEqual(
		links.map(({ name }) => name),
		["lo", "br9"],
	);
	t.is(current(), home);
});

test("inNetworkNamespace comes back from a function that throws, and leaves no descriptor", (t) => {
	const net = makeNamespace(t);
	const home = current();
	const open = () => readdirSync("/proc/self/fd").length;
	const before = open();
	const fail = () => inNetworkNamespace(net.path, () => JSON.parse("{"));
	t.throws(fail, { instanceOf: SyntaxError });
	t.is(current(), home);
	t.is(open(), before);
});

test("inNetworkNamespace within another comes back to that", (t) => {
	const [outer, inner] = [makeNamespace(t), makeNamespace(t)];
	inNetworkNamespace(outer.path, () => {
		const between = current();
		inNetworkNamespace(inner.path, () => t.not(current(), between));
		t.is(current(), between);
	});
});

for (const [path, code] of [
	["/run/netns/bpf-loader-test-none", "NAMESPACE_MISSING"],
	["/proc/self/ns/uts", "NAMESPACE_MISSING"],
	["/etc/passwd", "NAMESPACE_MISSING"],
] as const) {
	test(`${path} is no network namespace to enter`, (t) => {
		const home = current();
		const enter = () => inNetworkNamespace(path, () => t.fail());
		t.throws(enter, { instanceOf: BpfError, code, message: RegExp(path) });
		t.is(current(), home);
	});
}

test("Each network namespace has a cookie of its own, always the same", (t) => {
	const cookie = netnsCookie();
	const feature = "cookie of the network namespace of a socket (SO_NETNS_COOKIE)";
	if (lacks(t, { feature, has: cookie !== undefined })) return;
	const net = makeNamespace(t);
	t.is(netnsCookie(), cookie);
	const other = inNetworkNamespace(net.path, netnsCookie);
	t.not(other, cookie);
	t.is(inNetworkNamespace(net.path, netnsCookie), other);
});
