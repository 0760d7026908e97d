import test from "ava";
import {
	type PodFacts,
	type PodTies,
	type TieWay,
	tiePods,
	type UntiedReason,
} from "../../../src/dataplane/devices/tie-pods.ts";

const [POD2, POD3, TAP, BRIDGE, UPLINK, VXLAN] = [2, 3, 4, 5, 6, 7];
const MACS = { other: "02:00:00:00:00:01", pod: "02:00:00:00:00:02" };

/** Two veth interfaces, a tap, a bridge and its uplinks; nothing known of addresses. */
const FACTS: PodFacts = {
	links: new Map([
		[POD2, { name: "pod2", kind: "veth" }],
		[POD3, { name: "pod3", kind: "veth" }],
		[TAP, { name: "tap4", kind: "tun", master: BRIDGE }],
		[BRIDGE, { name: "cni0", kind: "bridge" }],
		[UPLINK, { name: "eth0" }],
		[VXLAN, { name: "vxlan0", kind: "vxlan" }],
	]),
	interfaces: [
		{ ifindex: POD2, name: "pod2", peer: { ifindex: 2, namespaceId: 0 } },
		{ ifindex: POD3, name: "pod3", peer: { ifindex: 2, namespaceId: 1 } },
		{ ifindex: TAP, name: "tap4" },
	],
	peerAddresses: new Map(),
	devices: new Map(),
	neighbours: [],
	bridgeEntries: [],
};

/** The address as an address of each of these interfaces' other ends. */
const peers = (address: string, ...ifindexes: number[]): Partial<PodFacts> => ({
	peerAddresses: new Map(ifindexes.map((ifindex) => [ifindex, ["fe80::1", address]])),
});
const route = (address: string, device: number): Partial<PodFacts> => ({
	devices: new Map([[address, device]]),
});
/** The address behind these ports of the bridge. */
const behind = (address: string, ...ports: number[]): Partial<PodFacts> => ({
	...route(address, BRIDGE),
	neighbours: [
		{ ifindex: BRIDGE, address: "192.0.2.77", mac: MACS.other },
		{ ifindex: BRIDGE, address, mac: MACS.pod },
	],
	bridgeEntries: [
		{ bridge: BRIDGE, port: POD3, mac: MACS.other },
		{ bridge: UPLINK, port: POD3, mac: MACS.pod },
		...ports.map((port) => ({ bridge: BRIDGE, port, mac: MACS.pod })),
	],
});

const tie = (address: string, facts: Partial<PodFacts>): PodTies =>
	tiePods([{ pod: "shop/web", addresses: [address] }], { ...FACTS, ...facts });

type Facts = (address: string) => Partial<PodFacts>;

const TIED: [what: string, facts: Facts, ifindex: number, way: TieWay][] = [
	["that an interface's other end has", (ip) => peers(ip, POD2), POD2, "peer"],
	["that one other end has twice", (ip) => ({ peerAddresses: new Map([[POD2, [ip, ip]]]) }), POD2, "peer"],
	["with a route to an interface", (ip) => route(ip, TAP), TAP, "route"],
	["of a neighbour behind a port of a bridge", (ip) => behind(ip, TAP), TAP, "neighbour"],
	[
		"with another end and a route elsewhere",
		(ip) => ({ ...route(ip, POD3), ...peers(ip, POD2) }),
		POD2,
		"peer",
	],
	[
		"with another end and a neighbour elsewhere",
		(ip) => ({ ...behind(ip, POD3), ...peers(ip, POD2) }),
		POD2,
		"peer",
	],
	[
		"with a route and a neighbour elsewhere",
		(ip) => ({ ...behind(ip, POD3), ...route(ip, POD2) }),
		POD2,
		"route",
	],
	["of a neighbour whose MAC an uplink has too", (ip) => behind(ip, POD2, UPLINK), POD2, "neighbour"],
];

const UNTIED: [what: string, facts: Facts, reason: UntiedReason, message: RegExp, claimedBy?: number[]][] = [
	["without a trace", () => ({}), "no-route", /no route leads to it/],
	[
		"that two other ends have",
		(ip) => peers(ip, POD2, POD3),
		"contested",
		/pod2 and pod3 have it/,
		[POD2, POD3],
	],
	[
		"that two other ends have, and a route to one",
		(ip) => ({ ...route(ip, POD2), ...peers(ip, POD2, POD3) }),
		"contested",
		/tied to none/,
		[POD2, POD3],
	],
	[
		"of a neighbour behind two ports",
		(ip) => behind(ip, POD2, TAP),
		"contested",
		/pod2 and tap4/,
		[POD2, TAP],
	],
	["with a route to the uplink", (ip) => route(ip, UPLINK), "not-a-pod-interface", /sends to it by eth0/],
	[
		"of a neighbour behind an uplink of the bridge",
		(ip) => behind(ip, VXLAN),
		"not-a-pod-interface",
		/port vxlan0 of bridge cni0/,
	],
	["on a bridge where nobody answered", (ip) => route(ip, BRIDGE), "no-neighbour", /nobody on bridge cni0/],
	[
		"of a neighbour that the bridge has forgotten",
		(ip) => behind(ip),
		"no-port",
		/bridge cni0 does not know/,
	],
	["with a route to a device that has gone", (ip) => route(ip, 99), "not-a-pod-interface", /device 99/],
];

for (const address of ["10.244.1.2", "fd00:10:244:1::2"]) {
	for (const [what, facts, ifindex, way] of TIED) {
		test(`${address} ${what} is tied by ${way}`, (t) => {
			const { ties, untied, interfaces } = tie(address, facts(address));
			t.deepEqual([...ties], [[address, { pod: "shop/web", ifindex, way }]]);
			t.deepEqual(untied, []);
			t.deepEqual(
				interfaces.filter(({ known }) => known).map((each) => each.ifindex),
				[ifindex],
			);
		});
	}
	for (const [what, facts, reason, message, claimedBy = []] of UNTIED) {
		test(`${address} ${what} is not tied, and it is said why`, (t) => {
			const { ties, untied, interfaces } = tie(address, facts(address));
			t.is(ties.size, 0);
			t.is(untied.length, 1);
			t.like(untied[0], { pod: "shop/web", address, reason, claimedBy });
			t.regex(untied[0]?.message ?? "", message);
			t.true(untied[0]?.message.startsWith(`Pod shop/web, ${address}: `));
			t.true(interfaces.every(({ known }) => !known));
		});
	}
}

const FORGOTTEN: [what: string, facts: Facts, pod: string, kept: boolean][] = [
	["when its neighbour is forgotten", (ip) => route(ip, BRIDGE), "shop/web", true],
	["when the bridge has forgotten it", (ip) => behind(ip), "shop/web", true],
	["but not for another pod", (ip) => behind(ip), "shop/db", false],
	["but not when no route leads there", () => ({}), "shop/web", false],
	["but not when its interface is gone", (ip) => ({ ...behind(ip), interfaces: [] }), "shop/web", false],
	[
		"but not when its interface has left the bridge",
		(ip) => ({ ...behind(ip), links: new Map(FACTS.links).set(TAP, { name: "tap4", kind: "tun" }) }),
		"shop/web",
		false,
	],
];

for (const [what, facts, pod, kept] of FORGOTTEN) {
	test(`A tie by neighbour stays ${what}`, (t) => {
		const address = "10.244.1.2";
		const before = tie(address, behind(address, TAP)).ties;
		const { ties } = tiePods([{ pod, addresses: [address] }], { ...FACTS, ...facts(address) }, before);
		t.deepEqual(
			Array.from(ties.values(), ({ ifindex }) => ifindex),
			kept ? [TAP] : [],
		);
	});
}

test("A tie by another way does not stay when that way is gone", (t) => {
	const address = "10.244.1.2";
	const before = tie(address, peers(address, TAP)).ties;
	const now = tiePods([{ pod: "shop/web", addresses: [address] }], { ...FACTS, ...behind(address) }, before);
	t.is(now.untied[0]?.reason, "no-port");
});

test("A tie by neighbour moves with the neighbour", (t) => {
	const address = "10.244.1.2";
	const before = tie(address, behind(address, TAP)).ties;
	const pods = [{ pod: "shop/web", addresses: [address] }];
	const { ties } = tiePods(pods, { ...FACTS, ...behind(address, POD2) }, before);
	t.is(ties.get(address)?.ifindex, POD2);
});

test("A pod without addresses is neither tied nor untied, and interfaces without pods are unknown", (t) => {
	const { ties, untied, interfaces } = tiePods([{ pod: "shop/new", addresses: [] }], FACTS);
	t.is(ties.size + untied.length, 0);
	t.deepEqual(
		interfaces.map(({ name, known }) => [name, known]),
		[
			["pod2", false],
			["pod3", false],
			["tap4", false],
		],
	);
});

test("Addresses of both families and of several pods are tied one by one", (t) => {
	const pods = [
		{ pod: "shop/web", addresses: ["10.244.1.2", "fd00::2"] },
		{ pod: "shop/db", addresses: ["10.244.1.3"] },
		{ pod: "shop/lost", addresses: ["10.244.1.4"] },
	];
	const peerAddresses = new Map([
		[POD2, ["10.244.1.2", "fd00::2"]],
		[POD3, ["10.244.1.3"]],
	]);
	const { ties, untied } = tiePods(pods, { ...FACTS, peerAddresses });
	t.deepEqual(
		[...ties].map(([address, { ifindex }]) => [address, ifindex]),
		[
			["10.244.1.2", POD2],
			["fd00::2", POD2],
			["10.244.1.3", POD3],
		],
	);
	t.deepEqual(
		untied.map(({ pod }) => pod),
		["shop/lost"],
	);
});
