import { existsSync } from "node:fs";
import { basename } from "node:path";
import {
	BpfError,
	type BpfMap,
	type BpfObject,
	type DirectoryLock,
	LayoutError,
	loadObject,
	lockDirectory,
	MapError,
	openPinnedMap,
	openSpec,
	type Program,
	probe,
} from "bpf-loader";
import { type AttachOutcome, attachPinned } from "./attach.ts";
import { findOurPins, makePinDirectories, type PinLayout, pinLayout, requireBpffs } from "./bpffs.ts";
import { maps } from "./generated/sock_lb.ts";
import { findRemovable, removeDataplane } from "./remove-dataplane.ts";
import { type MapName, objectPath, openServiceMaps, type ServiceMaps } from "./service-maps.ts";

/** Where the dataplane lives and how large it is. */
export interface DataplaneOptions {
	/** Directory on a bpf file system; made where it does not exist. */
	bpffs: string;
	/** cgroup2 directory to attach to, and nothing else. */
	cgroup: string;
	/** Limits of maps, in entries; default: as pinned, else as built. */
	sizes?: Readonly<Partial<Record<MapName, number | undefined>>>;
}

/** The loaded, attached and pinned programs with their maps. `close()` lets go; what is pinned goes on serving. */
export interface Dataplane extends Disposable {
	readonly maps: ServiceMaps;
	/** Map names that were pinned before, so that what they hold goes on. */
	readonly adoptedMaps: readonly string[];
	/** What became of each program. */
	readonly programs: Readonly<Record<string, AttachOutcome>>;
	close(): void;
}

/**
 * Loads our programs around the maps that are pinned, or around new ones, puts them in place of what is attached.
 * Whoever succeeds is the only one on this directory until `close()`. Throws
 * BpfError `DAEMON_RUNS`, `NOT_BPFFS`, LayoutError, MapError `MAP_SIZE`, and what the loader throws; what served before
 * goes on serving then, and of a first start nothing stays behind.
 */
export function openDataplane(options: DataplaneOptions): Dataplane {
	const layout = pinLayout(options.bpffs);
	requireBpffs(layout.directory);
	makePinDirectories(layout);
	using cleanup = new DisposableStack();
	const lock = cleanup.adopt(takeLock(layout), (held) => held.close());
	const before = findOurPins(layout);
	const object = cleanup.adopt(load(layout, options.sizes ?? {}), (loaded) => loaded.close());
	if (before.maps.length === 0) {
		cleanup.defer(() => removeDataplane(findRemovable(layout)));
	}
	const programs = attachAll({ object, layout, cgroup: options.cgroup });
	const adoptedMaps = before.maps.map((path) => basename(path));
	const dataplane = asDataplane({ object, lock, adoptedMaps, programs });
	cleanup.move();
	return dataplane;
}

function asDataplane({
	object,
	lock,
	adoptedMaps,
	programs,
}: {
	object: BpfObject;
	lock: DirectoryLock;
} & Pick<Dataplane, "adoptedMaps" | "programs">): Dataplane {
	const close = () => {
		object.close();
		lock.close();
	};
	return {
		maps: openServiceMaps(object.maps as Record<MapName, BpfMap>),
		adoptedMaps,
		programs,
		close,
		[Symbol.dispose]: close,
	};
}

function takeLock(layout: PinLayout): DirectoryLock {
	try {
		return lockDirectory(layout.directory);
	} catch (cause) {
		if (cause instanceof BpfError && cause.code === "LOCKED") {
			throw new BpfError(`a kproxy daemon runs already: ${cause.message}`, {
				code: "DAEMON_RUNS",
				operation: "lock",
				object: layout.directory,
				hint: "stop it first, or choose another directory with --bpffs",
				cause,
			});
		}
		throw cause;
	}
}

function load(layout: PinLayout, sizes: NonNullable<DataplaneOptions["sizes"]>): BpfObject {
	const spec = openSpec(objectPath);
	const names = Object.keys(maps) as MapName[];
	const options = names.map((name) => [
		name,
		{ pinPath: layout.map(name), ...sizeOf(layout.map(name), { name, asked: sizes[name] }) },
	]);
	try {
		return loadObject(spec, {
			variables: { refuse_with_errno: canSetErrno() },
			maps: Object.fromEntries(options),
		});
	} catch (cause) {
		throw explainIncompatible(cause, layout);
	}
}

/** From Linux 6.1 a refused connect can say ECONNREFUSED; before, the kernel says EPERM. */
function canSetErrno(): boolean {
	return probe().helper({
		programType: "cgroup_sock_addr",
		helper: "set_retval",
		attachType: "cgroup_inet4_connect",
	});
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

/** Answers come before questions: a socket must not be translated while nothing translates its replies back. */
const ATTACH_ORDER = ["getpeername", "recvmsg", "sendmsg", "connect"];

function attachAll({
	object,
	layout,
	cgroup,
}: {
	object: BpfObject;
	layout: PinLayout;
	cgroup: string;
}): Record<string, AttachOutcome> {
	const rank = ({ attachType }: Program) => ATTACH_ORDER.findIndex((word) => attachType?.includes(word));
	const programs = Object.values(object.programs).sort((a, b) => rank(a) - rank(b));
	return Object.fromEntries(
		programs.map((program) => [program.name, attachPinned({ program, cgroup }, layout)]),
	);
}
