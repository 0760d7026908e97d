import type { NetworkLink, NetworkSnapshot } from "bpf-loader";

/** Leads to other machines, or is the node's end of a pod's link: each class has programs of its own. */
export type DeviceClass = "node" | "pod";

/** What decides on the class beside the device itself. */
export interface ClassSettings {
	/** Names that are node devices whatever they look like. */
	devices: readonly string[];
	/** The node's own addresses. */
	nodeIPs: readonly string[];
	/** Devices that lead to pods whatever they look like; none unless told. */
	isPodDevice?: ((name: string) => boolean) | undefined;
}

/** One device that gets programs. */
export interface ClassifiedDevice {
	ifindex: number;
	name: string;
	class: DeviceClass;
}

/** Every device of a network namespace by what is to become of it. */
export interface Classified {
	devices: ClassifiedDevice[];
	/** Names of those in use whose packets have no link header, which our programs cannot read. */
	headerless: string[];
}

/** The node's ends of pods' links, and the bridges that they hang on. */
const POD_KINDS: ReadonlySet<string> = new Set(["veth", "tun", "netkit", "macvtap", "bridge"]);

/** Their packets pass again through the device that they make up, where they are looked at. */
const BUNDLE_KINDS: ReadonlySet<string> = new Set(["bond", "team"]);

/** The class of each device. Loopback has none: what the node dials itself is the socket hooks' affair. */
export function classifyDevices(snapshot: NetworkSnapshot, settings: ClassSettings): Classified {
	const isNode = nodeDevices(snapshot, settings);
	const candidates = snapshot.links.filter(
		({ loopback, masterKind }) => !loopback && !BUNDLE_KINDS.has(masterKind ?? ""),
	);
	return {
		devices: candidates
			.filter(({ ethernet }) => ethernet)
			.map((link) => ({ ifindex: link.ifindex, name: link.name, class: isNode(link) ? "node" : "pod" })),
		// Tunnels such as tunl0 are there, switched off, as soon as their module is loaded.
		headerless: candidates.filter(({ ethernet, up }) => !ethernet && up).map(({ name }) => name),
	};
}

function nodeDevices(
	{ addresses, defaultRoutes }: NetworkSnapshot,
	{ devices, nodeIPs, isPodDevice = () => false }: ClassSettings,
): (link: NetworkLink) => boolean {
	const found = new Set(defaultRoutes.map(({ ifindex }) => ifindex));
	for (const { ifindex, address } of addresses) {
		if (nodeIPs.includes(address)) found.add(ifindex);
	}
	return ({ name, ifindex, kind }) =>
		devices.includes(name) || (!isPodDevice(name) && (found.has(ifindex) || !POD_KINDS.has(kind ?? "")));
}
