import test from "ava";
import { isPodDevice, podCidrs, primaryAddresses, serviceCidrs } from "../../src/config/cluster-ranges.ts";
import type { LocalDetection } from "../../src/config/map-config.ts";

const CLUSTER = ["10.244.0.0/16"];
const NODE = ["10.244.3.7/24", "fd00:10:244:3::/64", "none"];

for (const [detection, expected] of [
	[{ mode: "ClusterCIDR" }, CLUSTER],
	[{ mode: "NodeCIDR" }, ["10.244.3.0/24", "fd00:10:244:3::/64"]],
	[{ mode: "BridgeInterface", device: "cni0" }, []],
	[{ mode: "InterfaceNamePrefix", prefix: "lxc" }, []],
] as readonly (readonly [LocalDetection, string[]])[]) {
	test(`With ${detection.mode} clients in the cluster are from ${expected.join(", ") || "pod interfaces only"}`, (t) => {
		t.deepEqual(podCidrs({ detection, clusterCidrs: CLUSTER }, NODE), expected);
	});
}

test("ServiceCIDR objects win over the flag, and what finds no room is named", (t) => {
	t.deepEqual(serviceCidrs(["10.96.0.0/12"], []), { used: ["10.96.0.0/12"], leftOut: [] });
	const objects = ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16", "10.5.0.0/16", "10.1.0.1/16"];
	t.deepEqual(serviceCidrs(["10.96.0.0/12"], objects), {
		used: objects.slice(0, 4),
		leftOut: ["10.5.0.0/16"],
	});
});

test("Devices that the configuration names lead to pods, of others it says nothing", (t) => {
	t.true(isPodDevice("cni0", { mode: "BridgeInterface", device: "cni0" }));
	t.is(isPodDevice("eth0", { mode: "BridgeInterface", device: "cni0" }), undefined);
	t.true(isPodDevice("lxc7", { mode: "InterfaceNamePrefix", prefix: "lxc" }));
	t.is(isPodDevice("lxc7", { mode: "ClusterCIDR" }), undefined);
});

for (const [nodeIps, nodeAddresses, expected] of [
	[[], ["192.0.2.7", "192.0.2.8", "fd00::7"], ["192.0.2.7", "fd00::7"]],
	[["192.0.2.8"], ["192.0.2.7", "fd00::7"], ["192.0.2.8", "fd00::7"]],
	[[], ["node-1"], []],
] as const) {
	test(`The primary addresses of ${nodeIps.join() || "no flag"} and ${nodeAddresses.join()} are ${expected.join() || "none"}`, (t) => {
		t.deepEqual(primaryAddresses(nodeIps, nodeAddresses), [...expected]);
	});
}
