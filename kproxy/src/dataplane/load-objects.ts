import { existsSync, rmSync } from "node:fs";
import {
	type BpfMap,
	type BpfObject,
	LayoutError,
	loadObject,
	MapError,
	type ObjectSpec,
	openPinnedMap,
	openSpec,
	type Program,
} from "bpf-loader";
import type { PinLayout } from "./bpffs.ts";
import type { programs as socketPrograms } from "./generated/sock_lb.ts";
import { maps, type programs as packetPrograms, type Tunables } from "./generated/tc.ts";
import { ownNetnsCookie } from "./own-netns.ts";
import { type ProbedTunables, probeTunables } from "./probe-tunables.ts";
import { type MapName, objectPath, packetObjectPath } from "./service-maps.ts";

/** Tunables of bpf/config.h that are the operator's; what is left out is as built. The rest is found by probing. */
export type DataplaneTunables = Readonly<Omit<Tunables, keyof ProbedTunables>>;

/** Programs of the socket hooks by name. */
export type SocketPrograms = Readonly<Record<keyof typeof socketPrograms, Program>>;

/** Programs of devices by name. */
export type PacketPrograms = Readonly<Record<keyof typeof packetPrograms, Program>>;

/** Limits of maps, in entries; default: as pinned, else as built. */
export type MapSizes = Readonly<Partial<Record<MapName, number | undefined>>>;

/** Both objects in the kernel, around the same maps. */
export interface LoadedObjects {
	socketPrograms: SocketPrograms;
	packetPrograms: PacketPrograms;
	maps: Readonly<Record<MapName, BpfMap>>;
	close(): void;
}

/**
 * Loads the programs of the socket hooks, then those of devices, around the maps that are pinned. Maps that are missing
 * are made and pinned by the first, so that the second finds them. Throws what the loader throws, and MapError `MAP_SIZE`.
 */
export function loadObjects(
	layout: PinLayout,
	{
		sizes = {},
		tunables = {},
		policy = false,
	}: { sizes?: MapSizes | undefined; tunables?: DataplaneTunables | undefined; policy?: boolean | undefined },
): LoadedObjects {
	// The daemon runs in the node's own namespace, unless told otherwise.
	const { host_netns = ownNetnsCookie() } = tunables;
	const variables = {
		...tunables,
		host_netns,
		...probeTunables(),
	};
	using cleanup = new DisposableStack();
	const given = { ...sizes, policy_flows: flowRoom(layout.map("policy_flows"), sizes.policy_flows, policy) };
	const load = (path: string) => {
		const spec = openSpec(path);
		return cleanup.adopt(loadAround(layout, { spec, sizes: given, variables }), (object) => object.close());
	};
	const socket = load(objectPath);
	const packet = load(packetObjectPath);
	const held = cleanup.move();
	return {
		socketPrograms: socket.programs as SocketPrograms,
		packetPrograms: packet.programs as PacketPrograms,
		maps: socket.maps as LoadedObjects["maps"],
		close: () => held.dispose(),
	};
}

/** Of policy_flows where policy is off: 34 MB less. */
const NO_FLOWS = 1;

/** Flows are remembered for policy only. A map that was made without it holds none, and makes room for a larger one. */
function flowRoom(path: string, asked: number | undefined, policy: boolean): number | undefined {
	if (!existsSync(path)) return policy ? asked : NO_FLOWS;
	using pinned = openPinnedMap(path);
	if (!policy) return undefined;
	if (pinned.maxEntries === NO_FLOWS) rmSync(path);
	return asked;
}

function loadAround(
	layout: PinLayout,
	{ spec, sizes, variables }: { spec: ObjectSpec; sizes: MapSizes; variables: Tunables },
): BpfObject {
	const names = Object.keys(maps) as MapName[];
	const options = names.map((name) => [
		name,
		{ pinPath: layout.map(name), ...sizeOf(layout.map(name), { name, asked: sizes[name] }) },
	]);
	try {
		return loadObject(spec, { variables: { ...variables }, maps: Object.fromEntries(options) });
	} catch (cause) {
		throw explainIncompatible(cause, layout);
	}
}

/** A pinned map keeps its size: a new one would have to be filled while the old one serves. */
function sizeOf(
	path: string,
	{ name, asked }: { name: MapName; asked: number | undefined },
): { maxEntries?: number } {
	if (!existsSync(path)) {
		return asked === undefined ? {} : { maxEntries: asked };
	}
	using map = openPinnedMap(path);
	if (asked !== undefined && asked !== map.maxEntries) {
		throw new MapError(`${name} is pinned with room for ${map.maxEntries} entries, asked for are ${asked}`, {
			code: "MAP_SIZE",
			operation: "resize",
			object: `map ${name}`,
			map: name,
			limit: map.maxEntries,
			hint: "leave the flag out to keep the size, or run kproxy cleanup first: Services are then not served until the new maps are filled",
		});
	}
	return { maxEntries: map.maxEntries };
}

/** Maps of another version of kproxy: say so, and what gets out of it. */
function explainIncompatible(cause: unknown, layout: PinLayout): unknown {
	const hint = `${layout.maps} was written by another version of kproxy: run that one, or kproxy cleanup and start again`;
	if (cause instanceof LayoutError) {
		const { code, operation, object, expected, actual, message } = cause;
		return new LayoutError(message, { code, operation, object, expected, actual, hint, cause });
	}
	if (cause instanceof MapError && cause.code === "MAP_INCOMPATIBLE") {
		const { code, operation, object, map, message } = cause;
		return new MapError(message, { code, operation, object, map, hint, cause });
	}
	return cause;
}
