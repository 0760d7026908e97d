import type { LinkPeer, NetworkSnapshot } from "bpf-loader";
import type { ClassifiedDevice } from "./classify.ts";

/** A device that a pod may be behind. */
export interface PodInterface {
	ifindex: number;
	name: string;
	/** The pod's end, where it is in another network namespace; a tap device has none. */
	peer?: LinkPeer;
}

/** Their other end is a device as well, and where it is here there is no pod behind it. */
const PAIRED_KINDS: ReadonlySet<string | undefined> = new Set(["veth", "netkit"]);

/**
 * Of the devices of class `pod` those that can be a pod's: all but bridges, whose ports are looked at one by one, and
 * pairs that have both ends in this namespace.
 */
export function podInterfaces(
	{ links }: Pick<NetworkSnapshot, "links">,
	devices: readonly ClassifiedDevice[],
): PodInterface[] {
	const isPods = new Set(devices.filter((device) => device.class === "pod").map(({ ifindex }) => ifindex));
	return links.flatMap(({ ifindex, name, kind, peer }) => {
		if (!isPods.has(ifindex) || kind === "bridge") return [];
		if (!PAIRED_KINDS.has(kind)) return [{ ifindex, name }];
		return peer === undefined ? [] : [{ ifindex, name, peer }];
	});
}
