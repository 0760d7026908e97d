import { writeAddress } from "bpf-loader";
import { mappedBits } from "../../model/cidr.ts";
import type { PolicyPeer } from "../../model/policy/objects.ts";

const BITS = 128;
const view = new DataView(new ArrayBuffer(16));

/** An address, or a block's first one, as a number; IPv4 as ::ffff:a.b.c.d. */
export function addressNumber(address: string): bigint {
	writeAddress(address, view, 0);
	return (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
}

/** A block of addresses: its leading bits, as a number of so many bits. */
export interface Block {
	bits: number;
	prefix: bigint;
}

/** Reads a CIDR in its one spelling; bits are counted as in IPv6. */
export function blockOf(cidr: string): Block {
	const slash = cidr.lastIndexOf("/");
	const address = cidr.slice(0, slash);
	const given = Number(cidr.slice(slash + 1));
	const bits = mappedBits(address.includes(":") ? "IPv6" : "IPv4", given);
	return { bits, prefix: addressNumber(address) >> BigInt(BITS - bits) };
}

const IPV4 = "0.0.0.0/0";

/** IPv4 lies in the middle of IPv6 here, and a block of IPv6 around it does not mean it. */
function hasIPv4Within({ bits, prefix }: Block): boolean {
	const ipv4 = blockOf(IPV4);
	return bits < ipv4.bits && ipv4.prefix >> BigInt(ipv4.bits - bits) === prefix;
}

/** Blocks with what is taken out of each, made to be asked often. */
export interface BlockSet {
	/** CIDRs that the answers depend on: blocks and exceptions. */
	readonly cidrs: readonly string[];
	/** Whether all of a block (by default one address) lies in one of the blocks, and in none of its exceptions. */
	has(number: bigint, bits?: number): boolean;
}

/** The ipBlocks among peers. */
export function blockSet(peers: readonly PolicyPeer[]): BlockSet {
	const plain = new Map<number, Set<bigint>>();
	const holed: { block: Block; except: Block[] }[] = [];
	const cidrs: string[] = [];
	for (const peer of peers) {
		if (!("cidr" in peer)) continue;
		const block = blockOf(peer.cidr);
		const except = hasIPv4Within(block) ? [...peer.except, IPV4] : peer.except;
		cidrs.push(peer.cidr, ...except);
		if (except.length > 0) holed.push({ block, except: except.map(blockOf) });
		else plain.set(block.bits, (plain.get(block.bits) ?? new Set()).add(block.prefix));
	}
	return {
		cidrs,
		has(number, bits = BITS) {
			const within = (block: Block) =>
				block.bits <= bits && number >> BigInt(BITS - block.bits) === block.prefix;
			for (const [length, prefixes] of plain)
				if (length <= bits && prefixes.has(number >> BigInt(BITS - length))) return true;
			return holed.some(({ block, except }) => within(block) && !except.some(within));
		},
	};
}
