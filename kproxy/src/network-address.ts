import { readAddress, writeAddress } from "bpf-loader";

const ADDRESS_BYTES = 16;

const view = new DataView(new ArrayBuffer(ADDRESS_BYTES));

/**
 * An address with the bits after the first `bits` cleared. `bits` counts those of an IPv6 address: IPv4 is written as
 * one, in its last 32.
 */
export function networkAddress(address: string, bits: number): string {
	writeAddress(address, view, 0);
	for (let index = 0; index < ADDRESS_BYTES; index += 1) {
		const kept = Math.min(8, Math.max(0, bits - index * 8));
		view.setUint8(index, view.getUint8(index) & (0xff00 >> kept));
	}
	return readAddress(view, 0);
}
