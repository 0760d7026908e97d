/** What TCP, UDP and ICMPv6 add to their checksum: both addresses, the size and the protocol. */
export function pseudoHeader(of: { pseudo: Buffer; size: number; protocol: number }): Buffer {
	const tail = Buffer.alloc(8);
	tail.writeUInt32BE(of.size, 0);
	tail.writeUInt32BE(of.protocol, 4);
	return Buffer.concat([of.pseudo, tail]);
}

/** The Internet checksum (RFC 1071) of parts, each of an even size but the last; 0 where a checksum among them is right. */
export function sum(parts: readonly Buffer[]): number {
	let total = 0;
	for (const part of parts) {
		for (let at = 0; at + 1 < part.length; at += 2) total += part.readUInt16BE(at);
		if (part.length % 2 === 1) total += (part[part.length - 1] ?? 0) << 8;
	}
	while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
	return ~total & 0xffff;
}
