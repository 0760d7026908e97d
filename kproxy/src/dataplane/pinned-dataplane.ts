import { existsSync, readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import {
	BpfError,
	type BpfMap,
	type MapType,
	openPinnedLink,
	openPinnedMap,
	openProgramById,
} from "bpf-loader";
import { countUsed } from "./any-map.ts";
import { findOurPins, type PinLayout, pinLayout } from "./bpffs.ts";
import { maps, programs } from "./generated/sock_lb.ts";
import { type MapName, openServiceMaps, type ServiceMaps } from "./service-maps.ts";

/** What is pinned below a directory, opened for reading: whoever asks needs no daemon. */
export interface PinnedDataplane extends Disposable {
	readonly layout: PinLayout;
	readonly maps: ServiceMaps;
	/** All maps, as the loader has them. */
	readonly handles: Readonly<Record<MapName, BpfMap>>;
	close(): void;
}

/** Opens the maps of a dataplane. Throws BpfError `NO_DATAPLANE` where none is pinned there, LayoutError. */
export function openPinnedDataplane(bpffs: string): PinnedDataplane {
	const layout = pinLayout(bpffs);
	const names = Object.keys(maps) as MapName[];
	const missing = names.filter((name) => !existsSync(layout.map(name)));
	if (missing.length > 0) {
		throw noDataplane(layout, missing.length === names.length ? undefined : missing);
	}
	using cleanup = new DisposableStack();
	const opened = Object.fromEntries(
		names.map((name) => [name, cleanup.use(openPinnedMap(layout.map(name)))]),
	);
	const handles = opened as Record<MapName, BpfMap>;
	const typed = openServiceMaps(handles);
	const held = cleanup.move();
	const close = () => held.dispose();
	return { layout, maps: typed, handles, close, [Symbol.dispose]: close };
}

function noDataplane(layout: PinLayout, missing: readonly string[] | undefined): BpfError {
	const why = missing === undefined ? "nothing is pinned there" : `${missing.join(", ")} is missing there`;
	return new BpfError(`no kproxy dataplane at ${layout.directory}: ${why}`, {
		code: "NO_DATAPLANE",
		operation: "open",
		object: layout.directory,
		hint: "start kproxy run, or give the directory that it was started with: --bpffs",
	});
}

/** One pinned link of ours to a cgroup as the kernel knows it. */
export interface LinkFacts {
	program: string;
	/** As in `cgroup_inet4_connect`; undefined where the kernel does not say. */
	attachType: string | undefined;
	/** Inode of the cgroup's directory; undefined where the cgroup is gone and the link is dead. */
	cgroupId: bigint | undefined;
	/** When the link was pinned, in ms since the epoch. */
	sinceMs: number;
	programId: number;
	/** When the program in it was loaded, in ms since the epoch; undefined without CAP_SYS_ADMIN. */
	loadedMs: number | undefined;
}

/** Every link of ours to a cgroup that is pinned. */
export function readLinks(layout: PinLayout): LinkFacts[] {
	const paths = Object.keys(programs).flatMap((name) => [layout.link(name), layout.pendingLink(name)]);
	return paths.filter(existsSync).map((path) => {
		using link = openPinnedLink(path);
		const { attachType, cgroupId, programId } = link.info();
		return {
			program: basename(path),
			attachType,
			cgroupId: cgroupId === 0n ? undefined : cgroupId,
			sinceMs: Math.round(statSync(path).mtimeMs),
			programId,
			loadedMs: loadTimeMs(programId),
		};
	});
}

/** Naming a program by its number is a privilege of its own, and no reason to show nothing else. */
function loadTimeMs(programId: number): number | undefined {
	try {
		using program = openProgramById(programId);
		if (program === undefined) {
			return undefined;
		}
		// In whole seconds, but the same at every look.
		const bootS = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? Number.NaN);
		return bootS * 1000 + Number(program.info().loadedNs / 1_000_000n);
	} catch {
		return undefined;
	}
}

/** One pinned map with its use. */
export interface MapFacts {
	name: string;
	type: MapType;
	/** Entries in use; for arrays those that are not all zeros. */
	used: number;
	maxEntries: number;
	/** Memory that the kernel charges for it, in bytes; undefined where it does not say. */
	bytes: number | undefined;
	doc: string;
}

/** The memory that the kernel charges for an open map, from its descriptor's /proc entry. */
function mapBytes(map: BpfMap): number | undefined {
	const line = /^memlock:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${map.fd}`, "utf8"))?.[1];
	return line === undefined ? undefined : Number(line);
}

/** Every map of ours that is pinned. Cost: reads all of them once. */
export function readMaps(layout: PinLayout): MapFacts[] {
	return findOurPins(layout).maps.map((path) => {
		using map = openPinnedMap(path);
		const name = basename(path) as MapName;
		return {
			name,
			type: map.type,
			used: countUsed(map),
			maxEntries: map.maxEntries,
			bytes: mapBytes(map),
			doc: maps[name].doc,
		};
	});
}
