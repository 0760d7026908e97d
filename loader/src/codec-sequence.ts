import type { Codec } from "./codec.ts";
import { checkLength, doesNotFit } from "./codec-check.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Writes `count` zeros: padding, and the rest of what is shorter than its field. */
export function writeZeros(view: DataView, offset: number, count: number): void {
	for (let index = offset; index < offset + count; index++) view.setUint8(index, 0);
}

/**
 * `char x[size]`: text in UTF-8 of up to `size` bytes, filled up with zeros; a text of exactly `size` bytes has no zero at
 * its end. Reads up to the first zero, and bytes that are no UTF-8 as U+FFFD. Text with a zero inside is refused.
 */
export function text(size: number): Codec<string> {
	const name = `char[${size}]`;
	return {
		name,
		size,
		encode(value, view, offset, where = name) {
			if (typeof value !== "string" || value.includes("\0"))
				throw doesNotFit(value, "text without NUL", where);
			const target = new Uint8Array(view.buffer, view.byteOffset + offset, size);
			const { read, written } = encoder.encodeInto(value, target);
			if (read < value.length) throw doesNotFit(value, `text of at most ${size} bytes`, where);
			target.fill(0, written);
		},
		decode(view, offset) {
			const source = new Uint8Array(view.buffer, view.byteOffset + offset, size);
			const end = source.indexOf(0);
			return decoder.decode(end < 0 ? source : source.subarray(0, end));
		},
	};
}

/** `size` raw bytes (`__u8 x[size]`) as a Uint8Array of exactly that length; reading copies. */
export function bytes(size: number): Codec<Uint8Array> {
	const name = `__u8[${size}]`;
	return {
		name,
		size,
		encode(value, view, offset, where = name) {
			checkLength(value, size, where);
			new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(value, offset);
		},
		decode(view, offset) {
			return new Uint8Array(view.buffer, view.byteOffset + offset, size).slice();
		},
	};
}

/** `count` elements one after the other, as a list of exactly that length. */
export function array<T>(element: Codec<T>, count: number): Codec<readonly T[]> {
	const name = `${element.name}[${count}]`;
	return {
		name,
		size: element.size * count,
		encode(value, view, offset, where = name) {
			checkLength(value, count, where);
			for (const [index, item] of value.entries()) {
				element.encode(item, view, offset + index * element.size, where);
			}
		},
		decode(view, offset) {
			return Array.from({ length: count }, (_, index) => element.decode(view, offset + index * element.size));
		},
	};
}
