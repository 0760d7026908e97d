import test from "ava";
import { parseAddress, parseDefaultRoutes, parseLink } from "../../src/netlink/network.ts";
import { recordedMessages } from "./recorded.ts";

test("Links are read from a recorded dump", (t) => {
	const base = { up: true, loopback: false, ethernet: true, mtu: 1500 };
	t.deepEqual(recordedMessages("links").flatMap(parseLink), [
		{ ...base, ifindex: 1, name: "lo", loopback: true, ethernet: false, mtu: 65536 },
		{ ...base, ifindex: 2, name: "br0", kind: "bridge", up: false },
		{ ...base, ifindex: 3, name: "v1", kind: "veth" },
		{ ...base, ifindex: 4, name: "v0", kind: "veth", master: 2, masterKind: "bridge" },
	]);
});

test("Addresses are read from a recorded dump: the host's own of a point-to-point pair, and tentative ones", (t) => {
	const own = { scope: "global", tentative: false } as const;
	t.deepEqual(recordedMessages("addresses").flatMap(parseAddress), [
		{ ifindex: 1, address: "127.0.0.1", prefixLength: 8, scope: "host", tentative: false },
		{ ...own, ifindex: 1, address: "198.51.100.1", prefixLength: 32 },
		{ ...own, ifindex: 3, address: "192.0.2.1", prefixLength: 24 },
		{ ifindex: 1, address: "::1", prefixLength: 128, scope: "host", tentative: false },
		{ ifindex: 3, address: "fe80::d0bf:baff:fece:b9b", prefixLength: 64, scope: "link", tentative: true },
		{ ifindex: 4, address: "2001:db8::1", prefixLength: 64, scope: "global", tentative: true },
		{ ifindex: 4, address: "fe80::78b6:64ff:fe7f:91d1", prefixLength: 64, scope: "link", tentative: true },
	]);
});

test("Default routes are read from a recorded dump: every next hop, of the main table alone", (t) => {
	t.deepEqual(recordedMessages("routes").flatMap(parseDefaultRoutes), [
		{ ifindex: 3, family: "IPv4" },
		{ ifindex: 4, family: "IPv4" },
		{ ifindex: 4, family: "IPv6" },
	]);
});
