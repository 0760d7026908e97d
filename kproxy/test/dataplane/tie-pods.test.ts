import test from "ava";
import type { NetworkLink, NetworkSnapshot } from "bpf-loader";
import { type PodFacts, podInterfaces, tiePods } from "../../src/dataplane/devices/tie-pods.ts";

const link = (ifindex: number, fields: Partial<NetworkLink>): NetworkLink => ({
	ifindex,
	name: `dev${ifindex}`,
	kind: "veth",
	up: true,
	loopback: false,
	ethernet: true,
	mtu: 1500,
	...fields,
});

const facts = (given: Partial<PodFacts>): PodFacts => ({
	peerAddresses: new Map(),
	hostRoutes: [],
	neighbours: [],
	bridgeEntries: [],
	...given,
});

test("Interfaces of pods are links whose other end is elsewhere, and no bridges", (t) => {
	const links = [
		link(2, { peer: { ifindex: 5, namespaceId: 0 } }),
		link(3, {}),
		link(4, { kind: "bridge" }),
		link(5, { kind: "tun" }),
		link(6, { kind: "netkit", peer: { ifindex: 5, namespaceId: 1 } }),
		link(7, { peer: { ifindex: 5, namespaceId: 2 } }),
	];
	const snapshot: NetworkSnapshot = { links, addresses: [], defaultRoutes: [] };
	const devices = links.map(({ ifindex, name }) => ({
		ifindex,
		name,
		class: ifindex === 7 ? ("node" as const) : ("pod" as const),
	}));
	t.deepEqual([...podInterfaces(snapshot, devices)], [2, 5, 6]);
});

test("The other end counts before a route, and a route before a neighbour", (t) => {
	const candidates = new Set([2, 3, 4]);
	const { ties, untied, interfaces } = tiePods(
		["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.9"],
		facts({
			peerAddresses: new Map([[2, ["10.0.0.1"]]]),
			hostRoutes: [
				{ address: "10.0.0.1", ifindex: 3 },
				{ address: "10.0.0.2", ifindex: 3 },
			],
			neighbours: [
				{ address: "10.0.0.2", mac: "02:00", ifindex: 9 },
				{ address: "10.0.0.3", mac: "02:03", ifindex: 9 },
				{ address: "10.0.0.4", mac: "02:04", ifindex: 4 },
			],
			bridgeEntries: [
				{ mac: "02:00", ifindex: 4 },
				{ mac: "02:03", ifindex: 4 },
			],
		}),
		candidates,
	);
	t.deepEqual(
		[...ties],
		[
			["10.0.0.1", { ifindex: 2, way: "peer" }],
			["10.0.0.2", { ifindex: 3, way: "route" }],
			["10.0.0.3", { ifindex: 4, way: "neighbour" }],
			["10.0.0.4", { ifindex: 4, way: "neighbour" }],
		],
	);
	t.deepEqual(
		[...untied],
		[["10.0.0.9", "no interface's other end has it, no route and no neighbour leads to it"]],
	);
	t.deepEqual(
		[...interfaces],
		[
			[2, true],
			[3, true],
			[4, true],
		],
	);
});

test("An address that two interfaces have is tied to none, and an interface without a pod is unknown", (t) => {
	const { ties, untied, interfaces } = tiePods(
		["10.0.0.1"],
		facts({
			peerAddresses: new Map([
				[2, ["10.0.0.1"]],
				[3, ["10.0.0.1"]],
			]),
		}),
		new Set([2, 3]),
	);
	t.is(ties.size, 0);
	t.is(untied.get("10.0.0.1"), "the other ends of interfaces 2 and 3 have it: only one may");
	t.deepEqual([...interfaces.values()], [false, false]);
});
