import { networkAddress } from "../network-address.ts";
import type { RangeKey } from "./generated/sock_lb.ts";

/** Bits before the address in a key of svc_ranges: the service number. */
const SERVICE_BITS = 32;
/** Bits before an IPv4 address that is written as an IPv6 one. */
const MAPPED_BITS = 96;

/** A CIDR as the key of svc_ranges, with the bits past its prefix cleared, as the kernel compares them. */
export function rangeKey(service: number, cidr: string): RangeKey {
	const [address = "", length = ""] = cidr.split("/");
	const bits = Number(length) + (address.includes(":") ? 0 : MAPPED_BITS);
	return withoutHostBits({ prefixLength: SERVICE_BITS + bits, service, address });
}

/** The same key with the bits past its prefix cleared: to the kernel they are one. */
export function withoutHostBits({ prefixLength, service, address }: RangeKey): RangeKey {
	return { prefixLength, service, address: networkAddress(address, prefixLength - SERVICE_BITS) };
}

/** The CIDR behind a key, as in `10.0.0.0/8`. */
export function rangeCidr({ address, prefixLength }: RangeKey): string {
	return `${address}/${prefixLength - SERVICE_BITS - (address.includes(":") ? 0 : MAPPED_BITS)}`;
}

/** True for a key that belongs to one service number: one with fewer bits would be for several. */
export function isRange({ prefixLength }: RangeKey): boolean {
	return prefixLength >= SERVICE_BITS;
}
