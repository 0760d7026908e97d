import test from "ava";
import type { LinkPeer, Neighbourhood } from "bpf-loader";
import { NO_FACTS, readPodFacts } from "../../../src/dataplane/devices/read-pod-facts.ts";
import { link } from "./networks.ts";

const [VETH, TAP, BRIDGE] = [2, 3, 4];
const peer: LinkPeer = { ifindex: 2, namespaceId: 0 };
const network = {
	links: [
		link(VETH, "pod2", { kind: "veth", peer }),
		link(TAP, "tap3"),
		link(BRIDGE, "cni0", { kind: "bridge" }),
	],
};
const interfaces = [
	{ ifindex: VETH, name: "pod2", peer },
	{ ifindex: TAP, name: "tap3" },
];
const neighbour = { ifindex: BRIDGE, address: "10.0.0.4", mac: "02:00:00:00:00:04" };
const entry = { bridge: BRIDGE, port: TAP, mac: neighbour.mac };

/** A kernel that answers these, and lists what it was asked. */
function neighbourhood(answers: Partial<Neighbourhood> = {}) {
	const asked: string[] = [];
	const note = <Args extends unknown[], Result>(name: string, answer: (...args: Args) => Result) => {
		return (...args: Args): Result => {
			asked.push([name, ...args.map((each) => JSON.stringify(each))].join(" "));
			return answer(...args);
		};
	};
	const kernel: Neighbourhood = {
		addressesOf: note("addressesOf", answers.addressesOf ?? (() => ["10.0.0.2"])),
		deviceTowards: note("deviceTowards", answers.deviceTowards ?? (() => TAP)),
		neighbours: note("neighbours", answers.neighbours ?? (() => [neighbour])),
		bridgeEntries: note("bridgeEntries", answers.bridgeEntries ?? (() => [entry])),
		close: () => {},
		[Symbol.dispose]: () => {},
	};
	return { kernel, asked };
}

test("Of addresses that other ends have no more is asked", (t) => {
	const { kernel, asked } = neighbourhood();
	const { facts } = readPodFacts(kernel, { network, interfaces, addresses: ["10.0.0.2"], before: NO_FACTS });
	t.deepEqual(asked, ['addressesOf {"ifindex":2,"namespaceId":0}']);
	t.deepEqual([...facts.peerAddresses], [[VETH, ["10.0.0.2"]]]);
});

test("Neighbours are read only where a bridge leads to an address", (t) => {
	const routed = neighbourhood();
	const what = { network, interfaces, addresses: ["10.0.0.3"], before: NO_FACTS };
	readPodFacts(routed.kernel, what);
	t.deepEqual(routed.asked.slice(1), ['deviceTowards "10.0.0.3"']);
	const bridged = neighbourhood({ deviceTowards: () => BRIDGE });
	const { facts } = readPodFacts(bridged.kernel, what);
	t.deepEqual(bridged.asked.slice(2), ["neighbours", "bridgeEntries"]);
	t.like(facts, { neighbours: [neighbour], bridgeEntries: [entry] });
});

test("What cannot be read is what it was before, and the rest is read", (t) => {
	const fails = () => {
		throw new Error("no");
	};
	const addresses = ["10.0.0.2", "10.0.0.4"];
	const bridged = neighbourhood({ deviceTowards: () => BRIDGE });
	const { facts: before } = readPodFacts(bridged.kernel, {
		network,
		interfaces,
		addresses,
		before: NO_FACTS,
	});
	for (const question of ["addressesOf", "deviceTowards", "neighbours", "bridgeEntries"] as const) {
		const broken = neighbourhood({ deviceTowards: () => BRIDGE, [question]: fails });
		const { facts, failures } = readPodFacts(broken.kernel, { network, interfaces, addresses, before });
		t.deepEqual(facts, before, question);
		t.is(failures.length, 1, question);
	}
});
