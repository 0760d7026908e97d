import test from "ava";
import type { NetworkLink, NetworkSnapshot } from "bpf-loader";
import { type ClassSettings, classifyDevices } from "../../../src/dataplane/devices/classify.ts";
import { address, link, network } from "./networks.ts";

const NOTHING_SAID: ClassSettings = { devices: [], nodeIPs: [] };

const KINDS: [what: string, link: Partial<NetworkLink>, expected: "node" | "pod" | undefined][] = [
	["A network card", {}, "node"],
	["A VLAN", { kind: "vlan" }, "node"],
	["A bond", { kind: "bond" }, "node"],
	["A VXLAN tunnel", { kind: "vxlan" }, "node"],
	["A Geneve tunnel", { kind: "geneve" }, "node"],
	["A dummy device", { kind: "dummy" }, "node"],
	["A card in a bridge", { master: 9, masterKind: "bridge" }, "node"],
	["A card in a VRF", { master: 9, masterKind: "vrf" }, "node"],
	["A veth", { kind: "veth" }, "pod"],
	["A veth in a bridge", { kind: "veth", master: 9, masterKind: "bridge" }, "pod"],
	["A veth that is switched off", { kind: "veth", up: false }, "pod"],
	["A tap", { kind: "tun" }, "pod"],
	["A netkit", { kind: "netkit" }, "pod"],
	["A macvtap", { kind: "macvtap" }, "pod"],
	["A bridge", { kind: "bridge" }, "pod"],
	["A card in a bond", { master: 9, masterKind: "bond" }, undefined],
	["A card in a team", { master: 9, masterKind: "team" }, undefined],
	["Loopback", { loopback: true }, undefined],
	["A tunnel without link header", { kind: "wireguard", ethernet: false }, undefined],
];

for (const [what, changes, expected] of KINDS) {
	test(`${what} is ${expected === undefined ? "left alone" : `a ${expected} device`}`, (t) => {
		const { devices } = classifyDevices(network({ links: [link(2, "dev", changes)] }), NOTHING_SAID);
		t.is(devices[0]?.class, expected);
	});
}

const REASONS: [what: string, network: Partial<NetworkSnapshot>, settings: Partial<ClassSettings>][] = [
	["is named by --device", {}, { devices: ["eth0"] }],
	["has the default route", { defaultRoutes: [{ ifindex: 2, family: "IPv6" }] }, {}],
	["has the node's address", { addresses: [address(2, "192.0.2.7")] }, { nodeIPs: ["192.0.2.7"] }],
];

for (const [why, parts, settings] of REASONS) {
	test(`A veth that ${why} is a node device, the one beside it stays a pod's`, (t) => {
		const links = [link(2, "eth0", { kind: "veth" }), link(3, "veth1", { kind: "veth" })];
		const { devices } = classifyDevices(network({ links, ...parts }), { ...NOTHING_SAID, ...settings });
		t.deepEqual(devices, [
			{ ifindex: 2, name: "eth0", class: "node" },
			{ ifindex: 3, name: "veth1", class: "pod" },
		]);
	});
}

test("Devices in use without a link header are named, those switched off are not", (t) => {
	const links = [
		link(2, "wg0", { kind: "wireguard", ethernet: false }),
		link(3, "tunl0", { kind: "ipip", ethernet: false, up: false }),
		link(1, "lo", { loopback: true, ethernet: false }),
	];
	t.deepEqual(classifyDevices(network({ links }), NOTHING_SAID), { devices: [], headerless: ["wg0"] });
});
