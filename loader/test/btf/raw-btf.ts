/** One type as its words: name, info and size or type, then what the kind brings along. A string goes to the string section. */
export type RawType = readonly (number | string)[];

/** The info word. */
export const info = (kind: number, vlen = 0, flag = false) =>
	((kind << 24) | vlen | (flag ? 1 << 31 : 0)) >>> 0;

export const int32: RawType = ["int", info(1), 4, 0x0100_0020];

/** Raw BTF of these types; type ids start at 1. `littleEndian: false` writes the header of the other byte order. */
export function rawBtf(types: readonly RawType[], { littleEndian = true } = {}): Uint8Array {
	let strings = "\0";
	const place = (text: string) => {
		if (text === "") return 0;
		strings += `${text}\0`;
		return strings.length - text.length - 1;
	};
	const words = types.flatMap((type) => type.map((word) => (typeof word === "string" ? place(word) : word)));
	const bytes = new Uint8Array(24 + words.length * 4 + strings.length);
	const view = new DataView(bytes.buffer);
	view.setUint16(0, 0xeb9f, littleEndian);
	view.setUint8(2, 1);
	for (const [index, word] of [
		24,
		0,
		words.length * 4,
		words.length * 4,
		strings.length,
		...words,
	].entries()) {
		view.setUint32(4 + index * 4, word, littleEndian);
	}
	bytes.set(Buffer.from(strings, "latin1"), 24 + words.length * 4);
	return bytes;
}
