import { isDeepStrictEqual } from "node:util";
import type { Change } from "../watch/source.ts";
import { addressFamily } from "./address.ts";
import type { NodeAddress, NodeObject } from "./objects.ts";

/** What this node's Node object says. */
export interface NodeFacts {
	/** It is being deleted, so load balancers should turn away from it. */
	deleting: boolean;
	addresses: readonly NodeAddress[];
	/** Empty where it has none. */
	zone: string;
	podCIDRs: readonly string[];
}

/** What is known of this node and of the cluster. A fact that stays the same stays the same object. */
export interface ClusterFacts {
	/** Empty where it is not known. */
	readonly nodeName: string;
	/** Takes in a changed Node or ServiceCIDR; nodes other than this one do not matter. */
	take(change: Change): void;
	node(): NodeFacts | undefined;
	/** The node's own addresses: those given, or its internal ones, or where a family has none its external ones. */
	nodeIPs(): readonly string[];
	serviceCIDRs(): readonly string[];
}

const NONE: readonly string[] = [];

/** Nothing known but what is given. */
export function createClusterFacts(options: {
	nodeName?: string;
	nodeIPs?: readonly string[];
}): ClusterFacts {
	const { nodeName = "" } = options;
	const cidrs = new Map<string, readonly string[]>();
	let node: NodeFacts | undefined;
	let nodeIPs = options.nodeIPs ?? NONE;
	let serviceCIDRs = NONE;

	function takeNode(object: NodeObject | undefined): void {
		const before = node;
		node = object && factsOf(object, before);
		if (options.nodeIPs === undefined && node?.addresses !== before?.addresses) {
			nodeIPs = ownAddresses(node?.addresses ?? []);
		}
	}

	return {
		nodeName,
		take(change) {
			const { kind, name, object } = change;
			if (kind === "Node" && name === nodeName) takeNode(object?.kind === "Node" ? object : undefined);
			if (kind !== "ServiceCIDR") return;
			if (object?.kind === "ServiceCIDR") cidrs.set(name, object.cidrs);
			else cidrs.delete(name);
			const all = [...new Set([...cidrs.values()].flat())].sort();
			if (!isDeepStrictEqual(all, serviceCIDRs)) serviceCIDRs = all;
		},
		node: () => node,
		nodeIPs: () => nodeIPs,
		serviceCIDRs: () => serviceCIDRs,
	};
}

/** A kubelet writes its Node every few seconds; mostly nothing of this changes. */
function factsOf(
	{ deleting, addresses, zone, podCIDRs }: NodeObject,
	before: NodeFacts | undefined,
): NodeFacts {
	const sameAddresses = before !== undefined && isDeepStrictEqual(before.addresses, addresses);
	const now = { deleting, zone, podCIDRs, addresses: sameAddresses ? before.addresses : addresses };
	return before !== undefined && isDeepStrictEqual(before, now) ? before : now;
}

function ownAddresses(addresses: readonly NodeAddress[]): readonly string[] {
	return (["IPv4", "IPv6"] as const).flatMap((family) => {
		const mine = addresses.filter(({ address }) => addressFamily(address) === family);
		const internal = mine.filter(({ type }) => type === "InternalIP");
		return (internal.length > 0 ? internal : mine).map(({ address }) => address);
	});
}
