import {
	type BridgeEntry,
	type HostRoute,
	type Neighbour,
	type NetworkLink,
	type NetworkSnapshot,
	readAddressesIn,
	readBridgeEntries,
	readHostRoutes,
	readNeighbours,
} from "bpf-loader";
import type { ClassifiedDevice } from "./classify.ts";

/** What the network says of who is behind which interface. */
export interface PodFacts {
	/** Addresses that the other ends of links have, by the link's index. */
	peerAddresses: ReadonlyMap<number, readonly string[]>;
	hostRoutes: readonly HostRoute[];
	neighbours: readonly Neighbour[];
	bridgeEntries: readonly BridgeEntry[];
}

/** How it was found out that an address is behind an interface. */
export type TieWay = "peer" | "route" | "neighbour";

/** Where an address is. */
export interface Tie {
	ifindex: number;
	way: TieWay;
}

/** What is known of the pods of this node. */
export interface TiedPods {
	/** By address. */
	ties: ReadonlyMap<string, Tie>;
	/** Addresses that are behind no interface, or behind several, each with the reason in words. */
	untied: ReadonlyMap<string, string>;
	/** Interfaces that may have a pod behind them, and whether one is known. */
	interfaces: ReadonlyMap<number, boolean>;
}

/** Reads what ties need; `candidates` are the interfaces that may have a pod behind them. Throws BpfError. */
export function readPodFacts({ links }: NetworkSnapshot, candidates: ReadonlySet<number>): PodFacts {
	const peerAddresses = new Map<number, string[]>();
	const inNamespace = new Map<number, ReturnType<typeof readAddressesIn>>();
	for (const { ifindex, peer } of links) {
		if (!peer || !candidates.has(ifindex)) continue;
		const addresses = inNamespace.get(peer.namespaceId) ?? readAddressesIn(peer.namespaceId);
		inNamespace.set(peer.namespaceId, addresses);
		const own = addresses.filter((each) => each.ifindex === peer.ifindex && each.scope === "global");
		peerAddresses.set(
			ifindex,
			own.map(({ address }) => address),
		);
	}
	return {
		peerAddresses,
		hostRoutes: readHostRoutes(),
		neighbours: readNeighbours(),
		bridgeEntries: readBridgeEntries(),
	};
}

/** Interfaces that may have a pod behind them: those that lead to pods, but for bridges, whose ports do. */
export function podInterfaces(
	{ links }: NetworkSnapshot,
	devices: readonly ClassifiedDevice[],
): ReadonlySet<number> {
	const isPods = new Set(devices.filter((device) => device.class === "pod").map(({ ifindex }) => ifindex));
	return new Set(
		links.filter((link) => isPods.has(link.ifindex) && mayHavePod(link)).map(({ ifindex }) => ifindex),
	);
}

/** A veth whose other end is in this namespace leads to a bridge or the like of the node itself. */
function mayHavePod({ kind, peer }: NetworkLink): boolean {
	if (kind === "bridge") return false;
	return kind === "veth" || kind === "netkit" ? peer !== undefined : true;
}

/**
 * Says behind which interface each address is: what the other end of a link has counts first, then a route to the
 * address, then the neighbour that a bridge has learnt at one of its ports. Two of one way are none.
 */
export function tiePods(
	addresses: Iterable<string>,
	facts: PodFacts,
	candidates: ReadonlySet<number>,
): TiedPods {
	const found: Record<TieWay, Map<string, Set<number>>> = {
		peer: byAddress(
			[...facts.peerAddresses].flatMap(([ifindex, own]) => own.map((address) => ({ address, ifindex }))),
		),
		route: byAddress(facts.hostRoutes),
		neighbour: byAddress(throughBridges(facts)),
	};
	const ties = new Map<string, Tie>();
	const untied = new Map<string, string>();
	for (const address of addresses) {
		const tie = tieOf(address, found, candidates);
		if (typeof tie === "string") untied.set(address, tie);
		else ties.set(address, tie);
	}
	const known = new Set(Array.from(ties.values(), ({ ifindex }) => ifindex));
	return {
		ties,
		untied,
		interfaces: new Map(Array.from(candidates, (ifindex) => [ifindex, known.has(ifindex)])),
	};
}

const WAYS: readonly TieWay[] = ["peer", "route", "neighbour"];
const WORDS: Readonly<Record<TieWay, string>> = {
	peer: "the other ends of interfaces",
	route: "routes to",
	neighbour: "bridge entries of interfaces",
};

function tieOf(
	address: string,
	found: Readonly<Record<TieWay, ReadonlyMap<string, ReadonlySet<number>>>>,
	candidates: ReadonlySet<number>,
): Tie | string {
	for (const way of WAYS) {
		const at = [...(found[way].get(address) ?? [])].filter((ifindex) => candidates.has(ifindex));
		const [ifindex] = at;
		if (ifindex !== undefined && at.length === 1) return { ifindex, way };
		if (at.length > 1) return `${WORDS[way]} ${at.join(" and ")} have it: only one may`;
	}
	return "no interface's other end has it, no route and no neighbour leads to it";
}

function byAddress(entries: Iterable<{ address: string; ifindex: number }>): Map<string, Set<number>> {
	const found = new Map<string, Set<number>>();
	for (const { address, ifindex } of entries)
		found.set(address, (found.get(address) ?? new Set()).add(ifindex));
	return found;
}

/** A neighbour is on the bridge; its port is where the bridge has learnt the link-layer address. */
function throughBridges({ neighbours, bridgeEntries }: PodFacts): { address: string; ifindex: number }[] {
	const ports = new Map<string, number[]>();
	for (const { mac, ifindex } of bridgeEntries) ports.set(mac, [...(ports.get(mac) ?? []), ifindex]);
	return neighbours.flatMap(({ address, mac, ifindex }) => [
		{ address, ifindex },
		...(ports.get(mac) ?? []).map((port) => ({ address, ifindex: port })),
	]);
}
