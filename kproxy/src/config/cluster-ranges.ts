import { addressFamily } from "../model/address.ts";
import { canonicalCidr } from "./cidr.ts";
import type { LocalDetection } from "./map-config.ts";

/** Cells of `service_cidr` and of `pod_cidr`: PREFIXES in bpf/types.h. */
export const MAX_CIDRS = 4;

/**
 * Where clients in the cluster are, beside those on this node's pod interfaces. `nodePodCidrs`: `spec.podCIDRs` of this
 * node. Those that cannot be read, and those without room, are left out.
 */
export function podCidrs(
	{ detection, clusterCidrs }: { detection: LocalDetection; clusterCidrs: readonly string[] },
	nodePodCidrs: readonly string[],
): string[] {
	if (detection.mode === "ClusterCIDR") return [...clusterCidrs];
	return detection.mode === "NodeCIDR" ? canonical(nodePodCidrs) : [];
}

/** Where ClusterIPs come from: as ServiceCIDR objects say, else as the flag does. */
export function serviceCidrs(
	fromFlag: readonly string[],
	fromObjects: readonly string[],
): { used: string[]; leftOut: string[] } {
	const all = fromObjects.length > 0 ? canonical(fromObjects) : [...fromFlag];
	return { used: all.slice(0, MAX_CIDRS), leftOut: all.slice(MAX_CIDRS) };
}

/** Whether the configuration says of a device that it leads to pods; undefined: it says nothing, its class decides. */
export function isPodDevice(name: string, detection: LocalDetection): true | undefined {
	if (detection.mode === "BridgeInterface" && name === detection.device) return true;
	return detection.mode === "InterfaceNamePrefix" && name.startsWith(detection.prefix) ? true : undefined;
}

/** One of `status.addresses` of a Node. */
export interface NodeAddress {
	type: string;
	address: string;
}

/** The IP addresses of a Node object, internal ones first, then external ones, as kube-proxy looks for the primary ones. */
export function hostAddresses(addresses: readonly NodeAddress[]): string[] {
	return ["InternalIP", "ExternalIP"].flatMap((wanted) =>
		addresses.filter(({ type }) => type === wanted).map(({ address }) => address),
	);
}

/** The node's primary address of each family: of `--node-ip`, else the first of the Node object's. */
export function primaryAddresses(nodeIps: readonly string[], nodeAddresses: readonly string[]): string[] {
	const families = (["IPv4", "IPv6"] as const).map((family) =>
		[...nodeIps, ...nodeAddresses].find((address) => addressFamily(address) === family),
	);
	return families.filter((address) => address !== undefined);
}

function canonical(cidrs: readonly string[]): string[] {
	return [...new Set(cidrs.map(canonicalCidr).filter((cidr) => cidr !== undefined))];
}
