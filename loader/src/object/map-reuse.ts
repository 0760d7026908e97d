import { existsSync } from "node:fs";
import { join } from "node:path";
import { LayoutError, MapError } from "../errors.ts";
import type { MapSpec, ObjectSpec } from "../spec/object-spec.ts";
import { type BpfMap, openPinnedMap } from "./bpf-map.ts";
import type { LoadMapOptions } from "./load-object.ts";

/** A map of the object that comes from outside. */
export interface ReusedMap {
	readonly map: BpfMap;
	/** Opened here and to be closed here. */
	readonly owned: boolean;
}

/** Where a map of the object is, or is going to be, pinned. */
export function pinPathOf(
	map: MapSpec,
	options: LoadMapOptions | undefined,
	pinRoot: string,
): string | undefined {
	if (options?.pinPath !== undefined) return options.pinPath;
	return map.pinning === "by_name" ? join(pinRoot, map.name) : undefined;
}

/**
 * The map to use in place of a new one: the one that was given, or what is pinned at its path already. Throws
 * LayoutError where key or value size differ, MapError `MAP_INCOMPATIBLE` where type, entries or flags do.
 */
export function findReused(
	spec: ObjectSpec,
	name: string,
	wanted: { options: LoadMapOptions | undefined; pinPath: string | undefined },
): ReusedMap | undefined {
	const declared = spec.maps[name];
	if (declared === undefined) return undefined;
	const expected = { ...declared, maxEntries: wanted.options?.maxEntries ?? declared.maxEntries };
	if (wanted.options?.reuse !== undefined) {
		checkCompatible(expected, wanted.options.reuse, "reused map");
		return { map: wanted.options.reuse, owned: false };
	}
	if (wanted.pinPath === undefined || !existsSync(wanted.pinPath)) return undefined;
	const map = openPinnedMap(wanted.pinPath);
	try {
		checkCompatible(expected, map, `map pinned at ${wanted.pinPath}`);
	} catch (error) {
		map.close();
		throw error;
	}
	return { map, owned: true };
}

function checkCompatible(expected: MapSpec, actual: BpfMap, what: string): void {
	checkSize("key", { expected, actual, what });
	checkSize("value", { expected, actual, what });
	const differences = [
		["type", expected.type, actual.type],
		["max_entries", expected.maxEntries, expected.maxEntries === 0 ? 0 : actual.maxEntries],
		["map_flags", comparableFlags(expected), comparableFlags(actual)],
	] as const;
	for (const [field, wanted, found] of differences) {
		if (wanted === found) continue;
		throw new MapError(
			`cannot use the ${what} as ${expected.name}: its ${field} is ${found}, the object has ${wanted}`,
			{
				code: "MAP_INCOMPATIBLE",
				operation: "reuse",
				object: `map ${expected.name}`,
				hint: "unpin the old map, or load the object that goes with it",
				map: expected.name,
			},
		);
	}
}

function checkSize(side: "key" | "value", maps: { expected: MapSpec; actual: BpfMap; what: string }): void {
	const expected = maps.expected[`${side}Size`];
	const actual = maps.actual[`${side}Size`];
	if (expected === actual) return;
	const name = maps.expected.name;
	throw new LayoutError(
		`cannot use the ${maps.what} as ${name}: its ${side}s have ${actual} bytes, the object's have ${expected}`,
		{ code: "LAYOUT", operation: "reuse", object: `map ${name}`, expected, actual },
	);
}

const mmapable = 1 << 10;
const readOnlyProgram = 1 << 7;

/** Data sections become mmapable where the kernel can; the kernel makes device maps read-only for programs. */
function comparableFlags(map: { type: string; flags: number; name: string }): number {
	if (map.type === "devmap" || map.type === "devmap_hash") return map.flags & ~readOnlyProgram;
	return map.type === "array" ? map.flags & ~mmapable : map.flags;
}
