import { basename } from "node:path";
import test, { type ExecutionContext } from "ava";
import { openNeighbourhood, readNetwork } from "../../src/index.ts";
import { makeNamespace, type TestNamespace } from "./sandbox.ts";

/** A neighbourhood of the namespace, and indexes of its devices by name. */
function openIn(t: ExecutionContext, net: TestNamespace) {
	const neighbourhood = net.inside(openNeighbourhood);
	t.teardown(() => neighbourhood.close());
	const links = new Map(net.inside(readNetwork).links.map((link) => [link.name, link]));
	const index = (name: string) => links.get(name)?.ifindex ?? 0;
	return { neighbourhood, links, index };
}

test("A veth's other end is found in its namespace, and its addresses alone are read there", (t) => {
	const pod = makeNamespace(t);
	const net = makeNamespace(t, [
		`link add v0 type veth peer name eth0 netns ${basename(pod.path)}`,
		"link add here0 type veth peer name here1",
	]);
	pod.shell(
		"ip addr add 10.1.2.3/32 dev eth0; ip addr add fd00::7/128 dev eth0 nodad; ip addr add 10.9.9.9 dev lo",
	);
	const { neighbourhood, links } = openIn(t, net);
	t.is(links.get("here0")?.peer, undefined);
	const peer = links.get("v0")?.peer;
	if (peer === undefined) {
		t.fail("v0 has no peer");
		return;
	}
	t.is(peer.ifindex, openIn(t, pod).index("eth0"));
	t.deepEqual(neighbourhood.addressesOf(peer), ["10.1.2.3", "fd00::7"]);
	pod.shell("ip addr flush dev eth0");
	t.deepEqual(neighbourhood.addressesOf(peer), []);
	t.deepEqual(neighbourhood.addressesOf({ ...peer, ifindex: 4711 }), [], "no such device");
	t.deepEqual(neighbourhood.addressesOf({ ...peer, namespaceId: 4711 }), [], "no such namespace");
});

test("The device towards an address is that of the longest route; the node's own and lost ones have none", (t) => {
	const net = makeNamespace(t, [
		"link add v0 type veth peer name v1",
		"link set v0 up",
		"link set v1 up",
		"addr add 10.0.0.1/24 dev v0",
		"addr add fd00::1/64 dev v0 nodad",
		"route add 10.0.0.7/32 dev v1",
		"route add fd00::7/128 dev v1",
		"route add 192.0.2.1/32 via 10.0.0.7 dev v1 onlink",
		"route add unreachable 203.0.113.0/24",
		"route add blackhole 203.0.114.0/24",
		"route add prohibit 203.0.115.0/24",
		"route add unreachable 2001:db8::/64",
		"route add blackhole 2001:db8:1::/64",
		"route add prohibit 2001:db8:2::/64",
	]);
	const { neighbourhood, index } = openIn(t, net);
	const towards = (device: string | undefined, addresses: readonly string[]) => {
		for (const address of addresses) {
			t.is(neighbourhood.deviceTowards(address), device === undefined ? undefined : index(device), address);
		}
	};
	towards("v0", ["10.0.0.9", "fd00::9"]);
	towards("v1", ["10.0.0.7", "fd00::7", "192.0.2.1"]);
	towards(undefined, ["10.0.0.1", "fd00::1", "127.0.0.1", "::1"]);
	towards(undefined, ["203.0.113.1", "203.0.114.1", "203.0.115.1", "198.51.100.1"]);
	towards(undefined, ["2001:db8::1", "2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1"]);
});

test("Neighbours are those that answered, and bridge entries name bridge and port, not the ports' own addresses", (t) => {
	const net = makeNamespace(t, [
		"link add br0 type bridge",
		"link add v0 type veth peer name v1",
		"link set v0 master br0",
		"link set br0 up",
		"link set v0 up",
		"link set v1 up",
		"neigh add 10.9.0.5 lladdr 02:00:00:00:00:05 dev br0 nud permanent",
		"neigh add fd00:9::5 lladdr 02:00:00:00:00:06 dev br0 nud reachable",
		"neigh add 10.9.0.6 dev br0 nud failed",
		"neigh add proxy 10.9.0.7 dev br0",
	]);
	net.shell("bridge fdb add 02:00:00:00:00:05 dev v0 master static");
	net.shell("bridge fdb add 02:00:00:00:00:06 dev v0 master dynamic");
	const { neighbourhood, index } = openIn(t, net);
	const isTold = ({ mac }: { mac: string }) => mac.startsWith("02:00:00:00:00:");
	const known = neighbourhood.neighbours().filter(isTold);
	t.deepEqual(known, [
		{ ifindex: index("br0"), address: "10.9.0.5", mac: "02:00:00:00:00:05" },
		{ ifindex: index("br0"), address: "fd00:9::5", mac: "02:00:00:00:00:06" },
	]);
	// A kernel with VLANs in bridges keeps one for the port's own VLAN, too.
	const told = neighbourhood.bridgeEntries().filter(isTold);
	const asText = told.map(({ bridge, port, mac }) => `${bridge} ${port} ${mac}`);
	const [bridge, port] = [index("br0"), index("v0")];
	t.deepEqual([...new Set(asText)].sort(), [
		`${bridge} ${port} 02:00:00:00:00:05`,
		`${bridge} ${port} 02:00:00:00:00:06`,
	]);
});
