import test from "ava";
import type { NetworkLink } from "bpf-loader";
import { classifyDevices } from "../../../src/dataplane/devices/classify.ts";
import { podInterfaces } from "../../../src/dataplane/devices/pod-interfaces.ts";
import { link, network } from "./networks.ts";

const peer = { ifindex: 2, namespaceId: 0 };

const LINKS: [what: string, link: Partial<NetworkLink>, isPods: boolean][] = [
	["A veth whose other end is elsewhere", { kind: "veth", peer }, true],
	["One that is a bridge's port", { kind: "veth", peer, master: 9, masterKind: "bridge" }, true],
	["One that is switched off", { kind: "veth", peer, up: false }, true],
	["A veth whose other end is here", { kind: "veth" }, false],
	["A netkit whose other end is elsewhere", { kind: "netkit", peer }, true],
	["A netkit whose other end is here", { kind: "netkit" }, false],
	["A tap", { kind: "tun" }, true],
	["A macvtap", { kind: "macvtap" }, true],
	["A bridge", { kind: "bridge" }, false],
	["A network card", {}, false],
	["A VLAN of a card that is elsewhere", { kind: "vlan", peer }, false],
];

for (const [what, changes, isPods] of LINKS) {
	test(`${what} ${isPods ? "can" : "cannot"} be a pod's interface`, (t) => {
		const snapshot = network({ links: [link(2, "dev", changes)] });
		const { devices } = classifyDevices(snapshot, { devices: [], nodeIPs: [] });
		const found = podInterfaces(snapshot, devices);
		const expected = { ifindex: 2, name: "dev", ...(changes.peer && { peer }) };
		t.deepEqual(found, isPods ? [expected] : []);
	});
}

test("A veth that leads to other machines is no pod's interface, though its other end is elsewhere", (t) => {
	const snapshot = network({
		links: [link(2, "eth0", { kind: "veth", peer })],
		defaultRoutes: [{ ifindex: 2, family: "IPv4" }],
	});
	const { devices } = classifyDevices(snapshot, { devices: [], nodeIPs: [] });
	t.deepEqual(podInterfaces(snapshot, devices), []);
});
