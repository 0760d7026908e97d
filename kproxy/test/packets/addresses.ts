import { address6 } from "bpf-loader";

/** An address as 16 bytes, IPv4 as ::ffff:a.b.c.d. */
export function addressBytes(address: string): Uint8Array {
	const bytes = new Uint8Array(address6.size);
	address6.encode(address, new DataView(bytes.buffer), 0);
	return bytes;
}

/** As it is written in a header: 4 bytes or 16. */
export const wireAddress = (address: string): Uint8Array =>
	isIpv4(address) ? addressBytes(address).subarray(12) : addressBytes(address);

/** The text of 4 or 16 bytes: dotted where it is IPv4, else every group in hexadecimal, so that equal is `===`. */
export function addressText(bytes: Uint8Array): string {
	if (bytes.length === 4) return bytes.join(".");
	if (bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff)
		return bytes.subarray(12).join(".");
	const groups = Array.from({ length: 8 }, (_, index) =>
		(((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
	);
	return groups.join(":");
}

/** One spelling for each address. */
export const canonical = (address: string): string => addressText(addressBytes(address));

/** Dotted, or mapped. */
export const isIpv4 = (address: string): boolean => address.includes(".");

/** Is the address in this range, such as `10.0.0.0/8`? Families never mix. */
export function inCidr(address: string, cidr: string): boolean {
	const [base = "", length = ""] = cidr.split("/");
	if (isIpv4(address) !== isIpv4(base)) return false;
	const [one, other] = [wireAddress(address), wireAddress(base)];
	for (let bit = 0; bit < Number(length); bit++) {
		const mask = 0x80 >> (bit & 7);
		if (((one[bit >> 3] ?? 0) & mask) !== ((other[bit >> 3] ?? 0) & mask)) return false;
	}
	return true;
}
