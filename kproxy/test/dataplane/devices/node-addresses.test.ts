import test from "ava";
import {
	type AddressSettings,
	deviceEntries,
	nodeAddressEntries,
} from "../../../src/dataplane/devices/node-addresses.ts";
import { address, link, network } from "./networks.ts";

const NETWORK = network({
	links: [
		link(1, "lo", { loopback: true, ethernet: false }),
		link(2, "eth0"),
		link(3, "cni0", { kind: "bridge" }),
		link(4, "eth1", { up: false }),
		link(5, "veth1", { kind: "veth" }),
	],
	addresses: [
		address(1, "127.0.0.1", { scope: "host", prefixLength: 8 }),
		address(1, "::1", { scope: "host", prefixLength: 128 }),
		address(1, "203.0.113.9", { prefixLength: 32 }),
		address(2, "192.0.2.7"),
		address(2, "192.0.2.8"),
		address(2, "2001:db8::6", { tentative: true }),
		address(2, "2001:db8::7"),
		address(2, "fe80::7", { scope: "link" }),
		address(3, "10.244.1.1"),
		address(4, "198.51.100.7"),
		address(5, "fe80::5", { scope: "link" }),
	],
	defaultRoutes: [{ ifindex: 2, family: "IPv4" }],
});

test("Each device with an address has its first of each family, and index 0 has the node's", (t) => {
	t.deepEqual(deviceEntries(NETWORK, { nodeIPs: ["192.0.2.8"] }), [
		[0, { ipv4: "192.0.2.8", ipv6: "2001:db8::7" }],
		[2, { ipv4: "192.0.2.7", ipv6: "2001:db8::7" }],
		[3, { ipv4: "10.244.1.1", ipv6: "::" }],
		[4, { ipv4: "198.51.100.7", ipv6: "::" }],
	]);
});

test("As long as nobody has said the node's addresses, those of the default route stand for them", (t) => {
	t.deepEqual(deviceEntries(NETWORK, { nodeIPs: [] })[0], [0, { ipv4: "192.0.2.7", ipv6: "2001:db8::7" }]);
	t.deepEqual(deviceEntries(network({}), { nodeIPs: [] }), [[0, { ipv4: "::", ipv6: "::" }]]);
});

const SELECTIONS: [what: string, settings: Partial<AddressSettings>, expected: string[]][] = [
	[
		"Nothing said",
		{},
		["203.0.113.9", "192.0.2.7", "192.0.2.8", "2001:db8::7", "10.244.1.1", "127.0.0.1 loopback"],
	],
	[
		"Every CIDR without localhost",
		{
			nodePortAddresses: { primary: false, cidrs: ["0.0.0.0/0", "::/0"] },
			localhostNodePorts: false,
		},
		["203.0.113.9", "192.0.2.7", "192.0.2.8", "2001:db8::7", "10.244.1.1"],
	],
	["primary", { nodePortAddresses: { primary: true, cidrs: [] } }, ["192.0.2.8", "2001:db8::7"]],
	["A CIDR", { nodePortAddresses: { primary: false, cidrs: ["192.0.2.0/29"] } }, ["192.0.2.7"]],
	[
		"localhost",
		{ nodePortAddresses: { primary: false, cidrs: ["127.0.0.0/8", "::1/128"] } },
		["127.0.0.1 loopback"],
	],
	[
		"primary and a CIDR",
		{ nodePortAddresses: { primary: true, cidrs: ["10.0.0.0/8"] } },
		["192.0.2.8", "2001:db8::7", "10.244.1.1"],
	],
	["A device that is down", { nodePortAddresses: { primary: false, cidrs: ["198.51.100.0/24"] } }, []],
];

for (const [what, settings, expected] of SELECTIONS) {
	test(`${what}: NodePorts are served on ${expected.join(", ") || "no address"}`, (t) => {
		const entries = nodeAddressEntries(NETWORK, { nodeIPs: ["192.0.2.8", "2001:db8::7"], ...settings });
		t.deepEqual(
			entries.map(([text, flag]) => (flag === 1 ? `${text} loopback` : text)),
			expected,
		);
	});
}
