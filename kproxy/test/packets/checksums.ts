/** Sum of 16-bit words in wire order, as the Internet checksum has it, not complemented; `start` is added. */
export function sumWords(bytes: Uint8Array, start = 0): number {
	let sum = start;
	for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
	while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
	return sum;
}

/** The checksum field of bytes whose own field is zero. */
export const internetChecksum = (bytes: Uint8Array, start = 0): number => ~sumWords(bytes, start) & 0xffff;

/** The field after some words went out of the sum and others came in (RFC 1624, equation 3). */
export function adjustedChecksum(field: number, change: { from: Uint8Array; to: Uint8Array }): number {
	const gone = ~sumWords(change.from) & 0xffff;
	return ~sumWords(change.to, (~field & 0xffff) + gone) & 0xffff;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
	let crc = index;
	for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
	return crc;
});

/** CRC32c of a packet, as SCTP writes it: little-endian in the field, which has to be zero here. */
export function crc32c(bytes: Uint8Array): number {
	let crc = 0xffffffff;
	for (const byte of bytes) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 0xff] ?? 0);
	return ~crc >>> 0;
}
