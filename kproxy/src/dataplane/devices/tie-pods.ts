import type { BridgeEntry, Neighbour, NetworkLink } from "bpf-loader";
import type { PodInterface } from "./pod-interfaces.ts";

/** A pod of this node as the API has it; none of those that share the node's own network. */
export interface PodAddresses {
	/** As in `shop/web`. */
	pod: string;
	/** In canonical text, of both families; empty as long as the API has none. */
	addresses: readonly string[];
}

/** What the kernel says of the devices that pods are behind. */
export interface PodFacts {
	/** All devices, by index. */
	links: ReadonlyMap<number, Pick<NetworkLink, "name" | "kind" | "master">>;
	interfaces: readonly PodInterface[];
	/** By an interface's index, the addresses of its other end. */
	peerAddresses: ReadonlyMap<number, readonly string[]>;
	/** By address, the device by which this node sends to it; needed only of addresses that no other end has. */
	devices: ReadonlyMap<string, number>;
	/** Needed only where such a device is a bridge. */
	neighbours: readonly Neighbour[];
	bridgeEntries: readonly BridgeEntry[];
}

/** How an address was tied: see {@link tiePods}. */
export type TieWay = "peer" | "route" | "neighbour";

/** The interface that a pod's address is behind. */
export interface PodTie {
	pod: string;
	ifindex: number;
	way: TieWay;
}

/** Why an address has no interface. `contested`: two or more claim it. */
export type UntiedReason = "contested" | "no-route" | "no-neighbour" | "no-port" | "not-a-pod-interface";

/** An address of a pod of this node that no interface could be found for. */
export interface UntiedAddress {
	pod: string;
	address: string;
	reason: UntiedReason;
	/** Indexes of the interfaces that claim it; empty where it is not contested. */
	claimedBy: readonly number[];
	/** One line for people. */
	message: string;
}

/** A device that a pod may be behind, and whether one is known to be. */
export interface TiedInterface extends PodInterface {
	known: boolean;
}

/** Which pod is behind which interface. */
export interface PodTies {
	/** By address. */
	ties: ReadonlyMap<string, PodTie>;
	untied: readonly UntiedAddress[];
	interfaces: readonly TiedInterface[];
}

/**
 * Ties each address to an interface by the first way that says anything:
 * - `peer`: it is an address of the interface's other end. First, since it is there before routes and neighbours are,
 *   and takes nothing that other pods could have answered.
 * - `route`: this node sends to it by the interface.
 * - `neighbour`: this node sends to it by a bridge, and the bridge has seen the neighbour's link-layer address on that
 *   port. Last, since it is learnt from packets. Both are forgotten when the pod is silent for some minutes, so that the
 *   pod's tie of `before` stays until another is found or the port goes.
 * Where two interfaces claim an address by one way, neither gets it, nor is a later way asked: whoever may set addresses
 * in one pod must not be given another's.
 */
export function tiePods(
	pods: readonly PodAddresses[],
	facts: PodFacts,
	before: PodTies["ties"] = new Map(),
): PodTies {
	const find = finder(facts);
	const ties = new Map<string, PodTie>();
	const untied: UntiedAddress[] = [];
	for (const { pod, addresses } of pods) {
		for (const address of addresses) {
			const found = recall(find(address), { pod, address, before, facts });
			if ("way" in found) ties.set(address, { pod, ...found });
			else untied.push({ pod, address, ...found, message: `Pod ${pod}, ${address}: ${found.message}` });
		}
	}
	const known = new Set(Array.from(ties.values(), ({ ifindex }) => ifindex));
	const interfaces = facts.interfaces.map((each) => ({ ...each, known: known.has(each.ifindex) }));
	return { ties, untied, interfaces };
}

type Hit = Omit<PodTie, "pod">;
type Miss = Pick<UntiedAddress, "reason" | "claimedBy" | "message">;

/** Where the kernel has only forgotten something, what was found before, if it can still be so. */
function recall(
	found: Hit | Miss,
	{ pod, address, before, facts }: { pod: string; address: string; before: PodTies["ties"]; facts: PodFacts },
): Hit | Miss {
	const isForgotten = "reason" in found && (found.reason === "no-neighbour" || found.reason === "no-port");
	const known = before.get(address);
	if (!isForgotten || known?.way !== "neighbour" || known.pod !== pod) return found;
	const { ifindex, way } = known;
	const isPort = facts.links.get(ifindex)?.master === facts.devices.get(address);
	return isPort && facts.interfaces.some((each) => each.ifindex === ifindex) ? { ifindex, way } : found;
}

function finder(facts: PodFacts): (address: string) => Hit | Miss {
	const claims = claimsOf(facts);
	const behindDevice = deviceFinder(facts);
	return (address) => {
		const claimedBy = claims.get(address);
		return claimedBy === undefined ? behindDevice(address) : choose(claimedBy, "peer", facts);
	};
}

/** By address, the interfaces whose other end has it. */
function claimsOf({ interfaces, peerAddresses }: PodFacts): ReadonlyMap<string, number[]> {
	const claims = new Map<string, number[]>();
	for (const { ifindex } of interfaces) {
		// A device may have an address with two prefix lengths.
		for (const address of new Set(peerAddresses.get(ifindex))) {
			claims.set(address, [...(claims.get(address) ?? []), ifindex]);
		}
	}
	return claims;
}

/** By the device that this node sends by. */
function deviceFinder(facts: PodFacts): (address: string) => Hit | Miss {
	const isInterface = new Set(facts.interfaces.map(({ ifindex }) => ifindex));
	const portsOf = portFinder(facts);
	return (address) => {
		const device = facts.devices.get(address);
		if (device === undefined)
			return miss("no-route", "no interface's other end has it, and no route leads to it");
		if (isInterface.has(device)) return { ifindex: device, way: "route" };
		const name = nameOf(facts, device);
		if (facts.links.get(device)?.kind !== "bridge") {
			return miss("not-a-pod-interface", `this node sends to it by ${name}, which is no pod's interface`);
		}
		const ports = portsOf(address, device);
		if (ports === undefined) return miss("no-neighbour", `nobody on bridge ${name} has answered for it yet`);
		const candidates = ports.filter((port) => isInterface.has(port));
		if (candidates.length > 0) return choose(candidates, "neighbour", facts);
		const [port] = ports;
		return port === undefined
			? miss("no-port", `bridge ${name} does not know the port that it is behind`)
			: miss(
					"not-a-pod-interface",
					`it is behind port ${nameOf(facts, port)} of bridge ${name}, which is no pod's`,
				);
	};
}

/** Ports of a bridge behind which an address answered; undefined where it has not. */
function portFinder({
	neighbours,
	bridgeEntries,
}: PodFacts): (address: string, bridge: number) => readonly number[] | undefined {
	const macs = new Map(neighbours.map(({ ifindex, address, mac }) => [`${ifindex} ${address}`, mac]));
	const ports = new Map<string, Set<number>>();
	for (const { bridge, port, mac } of bridgeEntries) {
		const key = `${bridge} ${mac}`;
		ports.set(key, (ports.get(key) ?? new Set()).add(port));
	}
	return (address, bridge) => {
		const mac = macs.get(`${bridge} ${address}`);
		return mac === undefined ? undefined : [...(ports.get(`${bridge} ${mac}`) ?? [])];
	};
}

const EVIDENCE: Readonly<Record<"peer" | "neighbour", string>> = {
	peer: "have it at their other end",
	neighbour: "have its neighbour's link-layer address behind them",
};

function choose(claimedBy: readonly number[], way: keyof typeof EVIDENCE, facts: PodFacts): Hit | Miss {
	const [ifindex, second] = claimedBy;
	if (ifindex !== undefined && second === undefined) return { ifindex, way };
	const names = claimedBy.map((each) => nameOf(facts, each)).join(" and ");
	return {
		reason: "contested",
		claimedBy,
		message: `${names} ${EVIDENCE[way]}, so it is tied to none of them`,
	};
}

function miss(reason: UntiedReason, message: string): Miss {
	return { reason, claimedBy: [], message };
}

function nameOf({ links }: PodFacts, ifindex: number): string {
	return links.get(ifindex)?.name ?? `device ${ifindex}`;
}
