import type { MapTable } from "bpf-maps";
import { networkAddress } from "../../network-address.ts";
import type { Problem } from "../../problem.ts";
import type { Cluster, Prefix } from "../generated/tc.ts";
import { writeMap } from "./node-maps.ts";

/** `PREFIXES` of bpf/types.h. */
const MAX_PREFIXES = 4;

/** Bits that IPv4 has in front of it in an IPv6 address. */
const MAPPED_BITS = 96;

const ALL_ONES = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

/** Address ranges of the cluster, as CIDRs. */
export interface ClusterRanges {
	serviceCidrs: readonly string[];
	/** Of all nodes. */
	podCidrs: readonly string[];
}

/** Writes the map `cluster`, where it differs. There is room for four ranges of a kind; more are a problem. */
export function writeCluster(map: MapTable<number, Cluster>, ranges: ClusterRanges): Problem[] {
	const serviceCidrs = ranges.serviceCidrs.slice(0, MAX_PREFIXES);
	const podCidrs = ranges.podCidrs.slice(0, MAX_PREFIXES);
	const value: Cluster = {
		serviceCidrs: serviceCidrs.length,
		podCidrs: podCidrs.length,
		serviceCidr: prefixes(serviceCidrs),
		podCidr: prefixes(podCidrs),
	};
	return [
		...writeMap(map, [[0, value]]),
		...tooMany(
			"service ranges",
			ranges.serviceCidrs,
			"a ClusterIP in them that no Service has is not dropped",
		),
		...tooMany("pod ranges", ranges.podCidrs, "pods in them count as clients from outside"),
	];
}

function prefixes(cidrs: readonly string[]): Prefix[] {
	return Array.from({ length: MAX_PREFIXES }, (_, index) => prefixOf(cidrs[index] ?? "::/0"));
}

/** Address and mask of a CIDR, the bits outside the mask cleared. */
function prefixOf(cidr: string): Prefix {
	const [network = "", bits] = cidr.split("/");
	const length = network.includes(":") ? Number(bits) : MAPPED_BITS + Number(bits);
	return { address: networkAddress(network, length), mask: networkAddress(ALL_ONES, length) };
}

function tooMany(what: string, cidrs: readonly string[], consequence: string): Problem[] {
	const left = cidrs.slice(MAX_PREFIXES);
	if (left.length === 0) return [];
	const object = "map cluster";
	const message = `${object}: ${cidrs.length} ${what}, there is room for ${MAX_PREFIXES}: ${left.join(", ")} left out, ${consequence}`;
	return [{ id: `${object} ${what} MAP_FULL`, object, code: "MAP_FULL", message }];
}
