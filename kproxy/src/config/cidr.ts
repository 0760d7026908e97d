import { BlockList } from "node:net";
import ipaddr from "ipaddr.js";
import { addressFamily } from "../model/address.ts";

/**
 * The one spelling of a CIDR, with the bits outside its prefix zero: `10.244.0.7/16` is `10.244.0.0/16`. Undefined where
 * the text is none; an IPv4-mapped IPv6 prefix is none either.
 */
export function canonicalCidr(text: string): string | undefined {
	const parts = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(text);
	const [, address = "", bits = ""] = parts ?? [];
	const family = addressFamily(address);
	if (family === undefined || Number(bits) > (family === "IPv4" ? 32 : 128)) return undefined;
	const network =
		family === "IPv4" ? ipaddr.IPv4.networkAddressFromCIDR(text) : ipaddr.IPv6.networkAddressFromCIDR(text);
	if (network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress()) return undefined;
	const spelt = network instanceof ipaddr.IPv6 ? network.toRFC5952String() : network.toString();
	return `${spelt}/${Number(bits)}`;
}

/** Says of an address whether any of the CIDRs has it; they must be in their one spelling. */
export function cidrMatcher(cidrs: readonly string[]): (address: string) => boolean {
	const list = new BlockList();
	for (const cidr of cidrs) {
		const [network = "", bits] = cidr.split("/");
		list.addSubnet(network, Number(bits), addressFamily(network) === "IPv6" ? "ipv6" : "ipv4");
	}
	return (address) => {
		const family = addressFamily(address);
		return family !== undefined && list.check(address, family === "IPv6" ? "ipv6" : "ipv4");
	};
}
