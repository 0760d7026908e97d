import type { Codec, MapHandle } from "bpf-loader";
import { type Entries, keyedMap } from "./keyed-map.ts";
import { checkMap } from "./map-errors.ts";
import type { MapTable } from "./table.ts";

/**
 * A trie of prefixes (`BPF_MAP_TYPE_LPM_TRIE`, made with `BPF_F_NO_PREALLOC`). A key is `{prefixlen, data}`: `__u32` bits,
 * then the bytes in network order; bits past the prefix are cleared before any call, so that one prefix is one key.
 * `get` and `has` ask for the longest prefix that contains the key, as programs do; `set` and `delete` mean exactly it.
 * Throws BpfError `MAP_TYPE`, LayoutError `MAP_LAYOUT`.
 */
export function openLpmTrie<K, V>(map: MapHandle, entries: Entries<K, V>): MapTable<K, V> {
	checkMap(map, { types: ["lpm_trie"], ...entries });
	return keyedMap(map, { ...entries, key: lpmKeyCodec(entries.key), cursor: "key" });
}

const PREFIX_LENGTH_BYTES = 4;

/** The same key with the bits past its prefix cleared. Encoding throws RangeError where the prefix is longer than the data. */
export function lpmKeyCodec<K>(key: Codec<K>): Codec<K> {
	return {
		name: key.name,
		size: key.size,
		encode(value, view, offset, where) {
			key.encode(value, view, offset, where);
			clearPastPrefix(view, offset, key);
		},
		decode: (view, offset) => key.decode(view, offset),
	};
}

function clearPastPrefix(view: DataView, offset: number, key: { name: string; size: number }): void {
	const bits = view.getUint32(offset, true);
	const data = offset + PREFIX_LENGTH_BYTES;
	const bytes = key.size - PREFIX_LENGTH_BYTES;
	if (bits > bytes * 8)
		throw new RangeError(`${key.name}: a prefix of ${bits} bits in ${bytes * 8} bits of data`);
	const whole = bits >> 3;
	for (let index = whole; index < bytes; index++) {
		const mask = index === whole ? 0xff00 >> (bits & 7) : 0;
		view.setUint8(data + index, view.getUint8(data + index) & mask);
	}
}
