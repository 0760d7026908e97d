import test from "ava";
import {
	inNetworkNamespace,
	readAddressesIn,
	readBridgeEntries,
	readHostRoutes,
	readNeighbours,
	readNetwork,
} from "../../src/index.ts";
import { makeNamespace } from "./sandbox.ts";

test("The other end of a veth is known by its namespace, and so are the addresses there", (t) => {
	const pod = makeNamespace(t);
	const node = makeNamespace(t, [
		`link add v0 type veth peer name eth0 netns ${pod.path.split("/").at(-1)}`,
		"link set v0 up",
		"link add here0 type veth peer name here1",
	]);
	pod.shell("ip addr add 10.1.2.3/32 dev eth0; ip addr add fd00::7/128 dev eth0 nodad; ip link set eth0 up");
	const { links } = inNetworkNamespace(node.path, readNetwork);
	const named = (name: string) => links.find((link) => link.name === name);
	t.is(named("here0")?.peer, undefined, "one in the same namespace is no peer elsewhere");
	const peer = named("v0")?.peer;
	if (!peer) return t.fail("v0 has no peer");
	const found = inNetworkNamespace(node.path, () => readAddressesIn(peer.namespaceId));
	const own = found.filter(({ ifindex, scope }) => ifindex === peer.ifindex && scope === "global");
	t.deepEqual(own.map(({ address }) => address).sort(), ["10.1.2.3", "fd00::7"]);
	t.deepEqual(
		inNetworkNamespace(node.path, () => readAddressesIn(4711)),
		[],
		"a namespace that is not there has none",
	);
});

test("Neighbours, what bridges have learnt, and routes to single addresses", (t) => {
	const node = makeNamespace(t, [
		"link add br0 type bridge",
		"link add v0 type veth peer name v1",
		"link set v0 master br0",
		"link set br0 up",
		"link set v0 up",
		"link set v1 up",
		"neigh add 10.9.0.5 lladdr 02:00:00:00:00:05 dev br0 nud permanent",
		"neigh add fd00:9::5 lladdr 02:00:00:00:00:06 dev br0 nud permanent",
		"route add 10.9.1.1/32 dev v1",
		"route add fd00:9::11/128 dev v1",
		"route add 10.9.2.0/24 dev v1",
	]);
	node.shell("bridge fdb add 02:00:00:00:00:05 dev v0 master static");
	inNetworkNamespace(node.path, () => {
		const indexOf = (name: string) => readNetwork().links.find((link) => link.name === name)?.ifindex;
		const neighbours = readNeighbours();
		t.true(
			neighbours.some(
				({ address, mac, ifindex }) =>
					address === "10.9.0.5" && mac === "02:00:00:00:00:05" && ifindex === indexOf("br0"),
			),
		);
		t.true(neighbours.some(({ address, mac }) => address === "fd00:9::5" && mac === "02:00:00:00:00:06"));
		t.true(
			readBridgeEntries().some(
				({ mac, ifindex }) => mac === "02:00:00:00:00:05" && ifindex === indexOf("v0"),
			),
		);
		const routes = readHostRoutes().filter(({ ifindex }) => ifindex === indexOf("v1"));
		t.true(routes.some(({ address }) => address === "10.9.1.1"));
		t.true(routes.some(({ address }) => address === "fd00:9::11"));
		t.false(routes.some(({ address }) => address === "10.9.2.0"));
	});
});
