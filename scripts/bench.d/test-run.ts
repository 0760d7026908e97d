/** An Ethernet frame with IPv4 and TCP headers; the programs fill in the ends. */
export function emptyFrame(): Uint8Array {
	const bytes = new Uint8Array(64);
	const view = new DataView(bytes.buffer);
	view.setUint16(12, 0x0800);
	bytes.set([0x45, 0, 0, 50, 0, 0, 0x40, 0, 64, 6], 14);
	bytes[14 + 20 + 12] = 5 << 4;
	return bytes;
}

export function median(values: readonly number[]): number {
	return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
