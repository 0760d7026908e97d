import { isIPv4, isIPv6, SocketAddress } from "node:net";

/**
 * The one spelling of an address (RFC 5952 for IPv6, as inet_ntop writes it), or undefined where the text is no
 * address of the family. An IPv4-mapped IPv6 address is none: it would be the same frontend as the IPv4 one.
 */
export function canonicalAddress(text: string, family: "IPv4" | "IPv6"): string | undefined {
	if (family === "IPv4") return isIPv4(text) ? text : undefined;
	if (!isIPv6(text) || text.includes("%")) return undefined;
	const canonical = new SocketAddress({ address: text, family: "ipv6" }).address;
	return canonical.startsWith("::ffff:") && canonical.includes(".") ? undefined : canonical;
}

/** Family of an address, or undefined where the text is none. */
export function addressFamily(text: string): "IPv4" | "IPv6" | undefined {
	if (isIPv4(text)) return "IPv4";
	return isIPv6(text) ? "IPv6" : undefined;
}

/** An address of either family in its one spelling, or undefined where the text is none. */
export function parseAddress(text: string): string | undefined {
	const family = addressFamily(text);
	return family && canonicalAddress(text, family);
}

/** Why an address in its one spelling can be no frontend and no backend; undefined where it can. */
export function specialAddress(address: string): string | undefined {
	if (address === "0.0.0.0" || address === "::") return "the unspecified address";
	if (address.startsWith("127.") || address === "::1") return "a loopback address";
	const first = Number.parseInt(address, 10);
	const multicast = address.includes(":") ? /^ff..:/.test(address) : first >= 224 && first <= 239;
	return multicast ? "a multicast address" : undefined;
}

/** Whether an address in its one spelling means something on one link only. */
export function isLinkLocal(address: string): boolean {
	return address.startsWith("169.254.") || /^fe[89ab]/.test(address);
}
