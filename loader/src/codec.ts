/**
 * How a C type is written to and read from memory. bpf2ts generates one per struct; scalars are in this package.
 * Shape: `T` in host terms (bigint for 64-bit integers, numbers otherwise, addresses as text, `__be` fields in host order).
 */
export interface Codec<T> {
	/** C name, as in `struct frontend_key`. */
	readonly name: string;
	/** Bytes in memory, padding included. */
	readonly size: number;
	/**
	 * Writes all `size` bytes at `offset`, zeros in padding. Throws RangeError where a value does not fit its field;
	 * `where` names that field in the message, and defaults to the codec's name.
	 */
	encode(value: T, view: DataView, offset: number, where?: string): void;
	/** Reads `size` bytes at `offset`. */
	decode(view: DataView, offset: number): T;
}
