import type { Neighbourhood, NetworkSnapshot } from "bpf-loader";
import type { PodInterface } from "./pod-interfaces.ts";
import type { PodFacts } from "./tie-pods.ts";

/** Facts, and what of them could not be read: then they are those of before. */
export interface ReadFacts {
	facts: PodFacts;
	failures: readonly unknown[];
}

/** Nothing read yet. */
export const NO_FACTS: PodFacts = {
	links: new Map(),
	interfaces: [],
	peerAddresses: new Map(),
	devices: new Map(),
	neighbours: [],
	bridgeEntries: [],
};

/** Reads what is needed to tie these addresses, and no more. One question that fails keeps no other from its answer. */
export function readPodFacts(
	neighbourhood: Neighbourhood,
	{
		network,
		interfaces,
		addresses,
		before,
	}: {
		network: Pick<NetworkSnapshot, "links">;
		interfaces: readonly PodInterface[];
		addresses: readonly string[];
		before: PodFacts;
	},
): ReadFacts {
	const failures: unknown[] = [];
	const attempt = <Result>(read: () => Result, fallback: Result): Result => {
		try {
			return read();
		} catch (error) {
			failures.push(error);
			return fallback;
		}
	};
	const links = new Map(network.links.map((link) => [link.ifindex, link]));
	const peerAddresses = new Map<number, readonly string[]>();
	for (const { ifindex, peer } of interfaces) {
		if (peer === undefined) continue;
		const known = before.peerAddresses.get(ifindex) ?? [];
		peerAddresses.set(
			ifindex,
			attempt(() => neighbourhood.addressesOf(peer), known),
		);
	}
	const claimed = new Set([...peerAddresses.values()].flat());
	const devices = new Map<string, number>();
	for (const address of addresses.filter((each) => !claimed.has(each))) {
		const device = attempt(() => neighbourhood.deviceTowards(address), before.devices.get(address));
		if (device !== undefined) devices.set(address, device);
	}
	const facts = { links, interfaces, peerAddresses, devices };
	const bridged = [...devices.values()].some((device) => links.get(device)?.kind === "bridge");
	const { neighbours, bridgeEntries } = before;
	return {
		facts: {
			...facts,
			neighbours: bridged ? attempt(() => neighbourhood.neighbours(), neighbours) : [],
			bridgeEntries: bridged ? attempt(() => neighbourhood.bridgeEntries(), bridgeEntries) : [],
		},
		failures,
	};
}
