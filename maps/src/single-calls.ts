import { inspect } from "node:util";
import { type Codec, Errno } from "bpf-loader";
import { badEntry, mapFailure } from "./map-errors.ts";
import { deleteElement, isMissing, lookupElement, type RawMap, updateElement } from "./raw-map.ts";
import { countEntries } from "./read-batch.ts";
import type { MapTable, SetMode } from "./table.ts";

/** The calls on one entry. Key and value go through one buffer each, reused: a call never yields in between. */
export function singleCalls<K, V>(
	raw: RawMap,
	{ key, value }: { key: Codec<K>; value: Codec<V> },
): Pick<MapTable<K, V>, "get" | "set" | "delete" | "has"> {
	const map = raw.handle;
	const keyBytes = new Uint8Array(key.size);
	const valueBytes = new Uint8Array(value.size);
	const keyView = new DataView(keyBytes.buffer);
	const valueView = new DataView(valueBytes.buffer);

	function lookup(wanted: K): boolean {
		encodeInto(map, key, wanted, keyView);
		const errno = lookupElement(raw, keyBytes, valueBytes);
		if (errno === 0) return true;
		if (isMissing(errno)) return false;
		throw mapFailure({ map, operation: "lookup", errno, key: describeKey(wanted) });
	}

	function set(wanted: K, content: V, mode: SetMode = "any"): boolean {
		encodeInto(map, key, wanted, keyView);
		encodeInto(map, value, content, valueView);
		const errno = updateElement(raw, { key: keyBytes, value: valueBytes }, mode);
		if (errno === 0) return true;
		if (errno === Errno.EEXIST && mode === "create") return false;
		if (isMissing(errno) && mode === "replace") return false;
		throw mapFailure({ map, operation: "update", errno, key: describeKey(wanted), ...usedOf(raw) });
	}

	function remove(wanted: K): boolean {
		encodeInto(map, key, wanted, keyView);
		if (raw.dense) valueBytes.fill(0);
		const errno = raw.dense
			? updateElement(raw, { key: keyBytes, value: valueBytes })
			: deleteElement(raw, keyBytes);
		if (errno === 0) return true;
		if (isMissing(errno) || (raw.dense && errno === Errno.E2BIG)) return false;
		throw mapFailure({ map, operation: "delete", errno, key: describeKey(wanted) });
	}

	return {
		get: (wanted) => (lookup(wanted) ? value.decode(valueView, 0) : undefined),
		has: lookup,
		set,
		delete: remove,
	};
}

/** Encodes at the start of `view`. Throws `MAP_ENTRY` where the value does not fit its type. */
function encodeInto<T>(map: RawMap["handle"], codec: Codec<T>, value: T, view: DataView): void {
	try {
		codec.encode(value, view, 0);
	} catch (cause) {
		throw badEntry(map, cause);
	}
}

/** A key as it goes into a message: one line. */
export const describeKey = (key: unknown): string => inspect(key, { breakLength: Number.POSITIVE_INFINITY });

/** How many entries a full map holds, for its error; an array is full only in the sense that it has an end. */
export const usedOf = (raw: RawMap): { used?: () => number } =>
	raw.dense ? {} : { used: () => countEntries(raw) };
