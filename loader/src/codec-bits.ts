import type { Codec } from "./codec.ts";
import { checkBigint, checkInteger, doesNotFit } from "./codec-check.ts";

/** A bit field: `size` bits that start `shift` bits (0 to 7) above the lowest bit of the byte at its offset. */
export interface BitRange {
	shift: number;
	size: number;
	signed?: boolean;
}

/**
 * A bit field of up to 64 bits as bigint, for fields of 64-bit type. Unlike other codecs, `encode` leaves the bits around it
 * and wants its own to be zero before.
 */
export function bigBits({ shift, size, signed = false }: BitRange): Codec<bigint> {
	const name = `bit field of ${size}`;
	const byteCount = Math.ceil((shift + size) / 8);
	const min = signed ? -(1n << BigInt(size - 1)) : 0n;
	const max = signed ? -min - 1n : (1n << BigInt(size)) - 1n;
	return {
		name,
		size: byteCount,
		encode(value, view, offset, where = name) {
			let rest = BigInt.asUintN(size, checkBigint(value, min, max, where)) << BigInt(shift);
			for (let index = offset; index < offset + byteCount; index++, rest >>= 8n) {
				view.setUint8(index, view.getUint8(index) | Number(rest & 0xffn));
			}
		},
		decode(view, offset) {
			let whole = 0n;
			for (let index = offset + byteCount - 1; index >= offset; index--) {
				whole = (whole << 8n) | BigInt(view.getUint8(index));
			}
			return signed
				? BigInt.asIntN(size, whole >> BigInt(shift))
				: BigInt.asUintN(size, whole >> BigInt(shift));
		},
	};
}

/** A bit field of up to 32 bits as number; like `bigBits` it leaves the bits around it. */
export function bits({ shift, size, signed = false }: BitRange): Codec<number> {
	const name = `bit field of ${size}`;
	const byteCount = Math.ceil((shift + size) / 8);
	// Powers in place of shifts: up to 39 bits are in play, and JavaScript shifts 32.
	const count = 2 ** size;
	const scale = 2 ** shift;
	const min = signed ? -count / 2 : 0;
	const max = signed ? count / 2 - 1 : count - 1;
	return {
		name,
		size: byteCount,
		encode(value, view, offset, where = name) {
			checkInteger(value, min, max, where);
			let rest = (value < 0 ? value + count : value) * scale;
			for (let index = offset; index < offset + byteCount; index++, rest = Math.floor(rest / 256)) {
				view.setUint8(index, view.getUint8(index) | (rest % 256));
			}
		},
		decode(view, offset) {
			let whole = 0;
			for (let index = offset + byteCount - 1; index >= offset; index--)
				whole = whole * 256 + view.getUint8(index);
			const value = Math.floor(whole / scale) % count;
			return value > max ? value - count : value;
		},
	};
}

/** A `bool` bit field of one bit; like `bigBits` it leaves the bits around it. */
export function flag(shift: number): Codec<boolean> {
	const mask = 1 << shift;
	return {
		name: "bool bit field",
		size: 1,
		encode(value, view, offset, where = "bool bit field") {
			if (typeof value !== "boolean") throw doesNotFit(value, "true or false", where);
			if (value) view.setUint8(offset, view.getUint8(offset) | mask);
		},
		decode(view, offset) {
			return (view.getUint8(offset) & mask) !== 0;
		},
	};
}
