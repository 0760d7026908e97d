import { basename } from "node:path";
import { BpfError, type BpfMap, type DirectoryLock, lockDirectory, type Program } from "bpf-loader";
import { type AttachOutcome, attachPinned } from "./attach.ts";
import { findOurPins, makePinDirectories, type PinLayout, pinLayout, requireBpffs } from "./bpffs.ts";
import {
	type DataplaneTunables,
	type LoadedObjects,
	loadObjects,
	type MapSizes,
	type PacketPrograms,
	type SocketPrograms,
} from "./load-objects.ts";
import { findRemovable, removeDataplane } from "./remove-dataplane.ts";
import { type MapName, openServiceMaps, type ServiceMaps } from "./service-maps.ts";

/** Where the dataplane lives and how large it is. */
export interface DataplaneOptions {
	/** Directory on a bpf file system; made where it does not exist. */
	bpffs: string;
	/** cgroup2 directory to attach to, and nothing else. */
	cgroup: string;
	sizes?: MapSizes;
	tunables?: DataplaneTunables;
	/** NetworkPolicies will be enforced: flows are remembered for it. */
	policy?: boolean;
}

/**
 * The loaded programs with their pinned maps; those of the socket hooks are attached and pinned. `close()` lets go; what
 * is pinned goes on serving.
 */
export interface Dataplane extends Disposable {
	readonly layout: PinLayout;
	readonly maps: ServiceMaps;
	/** All maps, as the loader has them. */
	readonly handles: Readonly<Record<MapName, BpfMap>>;
	/** For devices: `followDevices` attaches them. */
	readonly packetPrograms: PacketPrograms;
	/** Map names that were pinned before, so that what they hold goes on. */
	readonly adoptedMaps: readonly string[];
	/** What became of each program of a socket hook. */
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
	if (before.maps.length === 0) {
		// No device has anything of this start yet; filters without maps are an older one's, and serve.
		cleanup.defer(() => removeDataplane({ ...findRemovable(layout), filters: [] }));
	}
	const objects = cleanup.adopt(loadObjects(layout, options), (loaded) => loaded.close());
	const programs = attachSockets({ programs: objects.socketPrograms, layout, cgroup: options.cgroup });
	const adoptedMaps = before.maps.map((path) => basename(path));
	const dataplane = asDataplane({ objects, layout, lock, adoptedMaps, programs });
	cleanup.move();
	return dataplane;
}

function asDataplane({
	objects,
	layout,
	lock,
	adoptedMaps,
	programs,
}: {
	objects: LoadedObjects;
	lock: DirectoryLock;
} & Pick<Dataplane, "layout" | "adoptedMaps" | "programs">): Dataplane {
	const close = () => {
		objects.close();
		lock.close();
	};
	return {
		layout,
		maps: openServiceMaps(objects.maps),
		handles: objects.maps,
		packetPrograms: objects.packetPrograms,
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

/**
 * Answers come before questions: a socket must not be translated while nothing translates its replies back. Binding
 * translates nothing.
 */
const ATTACH_ORDER = ["getpeername", "recvmsg", "sendmsg", "connect", "post_bind"];

function attachSockets({
	programs,
	layout,
	cgroup,
}: {
	programs: SocketPrograms;
	layout: PinLayout;
	cgroup: string;
}): Record<string, AttachOutcome> {
	const rank = ({ attachType }: Program) => ATTACH_ORDER.findIndex((word) => attachType?.includes(word));
	return Object.fromEntries(
		Object.values(programs)
			.sort((a, b) => rank(a) - rank(b))
			.map((program) => [program.name, attachPinned({ program, cgroup }, layout)]),
	);
}
