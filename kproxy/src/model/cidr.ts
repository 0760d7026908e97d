import { networkAddress } from "../network-address.ts";
import { addressFamily, canonicalAddress } from "./address.ts";

/** A range of addresses. */
export interface Cidr {
	family: "IPv4" | "IPv6";
	/** Its one spelling, without host bits: `10.0.0.0/8`. */
	text: string;
}

/** Reads `address/length`; host bits are taken away, as kube-proxy does. Undefined where the text is none. */
export function parseCidr(text: string): Cidr | undefined {
	const [host = "", length = "", ...rest] = text.trim().split("/");
	const family = addressFamily(host);
	if (family === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
	const address = canonicalAddress(host, family);
	const bits = Number(length);
	if (address === undefined || bits > (family === "IPv4" ? 32 : 128)) return undefined;
	return { family, text: `${networkAddress(address, mappedBits(family, bits))}/${bits}` };
}

/** Whether an address lies in a range that {@link parseCidr} has written. */
export function cidrContains(cidr: string, address: string): boolean {
	const slash = cidr.lastIndexOf("/");
	const family = addressFamily(address);
	if (family === undefined || family !== addressFamily(cidr.slice(0, slash))) return false;
	const bits = mappedBits(family, Number(cidr.slice(slash + 1)));
	return networkAddress(address, bits) === cidr.slice(0, slash);
}

/** Bits of a prefix as IPv6 counts them: IPv4 lies in the last 32 of the 128. */
export function mappedBits(family: "IPv4" | "IPv6", bits: number): number {
	return family === "IPv4" ? 96 + bits : bits;
}
