import { canonicalCidr, cidrMatcher } from "./cidr.ts";

/** On which addresses of the node NodePorts are served. */
export interface NodePortAddresses {
	/** The node's primary address of each family. */
	primary: boolean;
	/** And those in these CIDRs, each in its one spelling. */
	cidrs: readonly string[];
}

const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
	all: ["0.0.0.0/0", "::/0"],
	localhost: ["127.0.0.0/8", "::1/128"],
};

/** What kube-proxy takes where nothing is said: every address. */
export const ALL_NODE_ADDRESSES: NodePortAddresses = { primary: false, cidrs: KEYWORDS.all ?? [] };

/** Understands CIDRs, `primary`, `localhost` and `all`; a text of none of these is returned instead. */
export function parseNodePortAddresses(texts: readonly string[]): NodePortAddresses | { wrong: string } {
	const cidrs: string[] = [];
	for (const text of texts) {
		const cidr = canonicalCidr(text);
		if (text !== "primary" && cidr === undefined && KEYWORDS[text] === undefined) return { wrong: text };
		cidrs.push(...(cidr === undefined ? (KEYWORDS[text] ?? []) : [cidr]));
	}
	return { primary: texts.includes("primary"), cidrs };
}

/** Every address is served, whatever the node has: servers may listen on the unspecified address. */
export function servesAllAddresses({ cidrs }: NodePortAddresses): boolean {
	return cidrs.includes("0.0.0.0/0") && cidrs.includes("::/0");
}

/**
 * Those of the node's addresses that serve NodePorts. `primary`: its first address of each family. Loopback addresses of
 * IPv6 never do, as in kube-proxy; those of IPv4 where `localhost` is set.
 */
export function selectNodePortAddresses(
	{
		addresses,
		primary,
		localhost,
	}: { addresses: readonly string[]; primary: readonly string[]; localhost: boolean },
	wanted: NodePortAddresses,
): string[] {
	const inCidrs = cidrMatcher(wanted.cidrs);
	return addresses.filter((address) => {
		if (address === "::1") return false;
		if (address.startsWith("127.") && !localhost) return false;
		return inCidrs(address) || (wanted.primary && primary.includes(address));
	});
}
