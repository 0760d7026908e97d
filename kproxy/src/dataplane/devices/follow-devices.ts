import { type NetworkSnapshot, probe, readNetwork, watchNetwork } from "bpf-loader";
import type { Problem } from "../../problem.ts";
import type { PacketPrograms } from "../load-objects.ts";
import { type AttachedDevices, attachDevices, type DeviceHooks } from "./attach-devices.ts";
import {
	type Classified,
	type ClassifiedDevice,
	type ClassSettings,
	classifyDevices,
	type DeviceClass,
} from "./classify.ts";
import { clsactHooks } from "./clsact-hooks.ts";
import { deviceProblems } from "./device-problems.ts";
import { type AddressSettings, deviceEntries, nodeAddressEntries } from "./node-addresses.ts";
import { type NodeMaps, writeMap } from "./node-maps.ts";
import { tcxHooks } from "./tcx-hooks.ts";

/** As long after a failure everything is tried again, where no change comes before. */
const RETRY_MS = 5000;

/** What the operator or the Node object says of devices and addresses. */
export type DeviceSettings = ClassSettings & AddressSettings;

/** How programs are held on devices: `tcx` links where the kernel has them (6.6), filters on `clsact` below. */
export type DeviceMode = "tcx" | "clsact";

/** What follows the devices with what. */
export interface FollowOptions {
	programs: PacketPrograms;
	maps: Pick<NodeMaps, "devices" | "nodeAddresses">;
	/** Directory of pinned links. */
	links: string;
	settings: DeviceSettings;
	/** Gets all problems there are, after each change of the network and each new try. */
	onProblems(problems: Problem[]): void;
	/** Gets every device that is to have programs, before those that are new have any: a pod's first packet waits for nobody. */
	onDevices?: (network: NetworkSnapshot, devices: readonly ClassifiedDevice[]) => void;
	/** Gets what was done, after each change of the network and each new try. */
	onAttached?: (result: AttachedDevices) => void;
	/** Default: what the kernel has. */
	mode?: DeviceMode;
}

/** One device with programs of ours. */
export interface FollowedDevice {
	name: string;
	ifindex: number;
	class: DeviceClass;
	/** False: something failed, and is tried again. */
	attached: boolean;
}

/** Devices that are followed until `close()`, which leaves the programs attached. */
export interface DeviceFollower extends Disposable {
	/** Every device that is to have programs. */
	snapshot(): FollowedDevice[];
	/** Replaces some settings, such as the addresses that the Node object has now; done when it returns. */
	update(settings: Partial<DeviceSettings>): void;
	close(): void;
}

/**
 * Attaches the programs to every device of this network namespace, fills the maps of devices and node addresses, and
 * keeps both right from then on. The first time is done when it returns. Throws BpfError where the network cannot be
 * read; what goes wrong with one device is a problem.
 */
export function followDevices(options: FollowOptions): DeviceFollower {
	let { settings } = options;
	let network: NetworkSnapshot = { links: [], addresses: [], defaultRoutes: [] };
	let followed: FollowedDevice[] = [];
	let retry: NodeJS.Timeout | undefined;
	const hooks = hooksOf(options, () => network.links.map(({ ifindex }) => ifindex));

	const retryLater = () => {
		clearTimeout(retry);
		retry = setTimeout(() => attempt(readNetwork), RETRY_MS).unref();
	};
	const sync = () => {
		clearTimeout(retry);
		const synced = syncDevices(options, { hooks, network, settings });
		followed = synced.followed;
		if (synced.failed) retryLater();
		options.onProblems(synced.problems);
		options.onAttached?.(synced.result);
	};
	const onError = (error: unknown) => {
		retryLater();
		options.onProblems([unfollowed(error)]);
	};
	/** Nobody waits for what is done after the first time, so an error is a problem then. */
	const attempt = (read: () => NetworkSnapshot) => {
		try {
			network = read();
			sync();
		} catch (error) {
			onError(error);
		}
	};

	// Watching begins before reading: nothing happens in between unseen.
	const watch = watchNetwork({ onChange: (snapshot) => attempt(() => snapshot), onError });
	const close = () => {
		clearTimeout(retry);
		watch.close();
	};
	try {
		network = readNetwork();
		sync();
	} catch (error) {
		close();
		throw error;
	}
	return {
		snapshot: () => followed,
		update(changes) {
			settings = { ...settings, ...changes };
			attempt(() => network);
		},
		close,
		[Symbol.dispose]: close,
	};
}

function hooksOf({ links, mode }: FollowOptions, ifindexes: () => number[]): DeviceHooks {
	const chosen = mode ?? (probe().tcx() ? "tcx" : "clsact");
	return chosen === "tcx" ? tcxHooks(links) : clsactHooks(ifindexes);
}

interface Synced {
	followed: FollowedDevice[];
	result: AttachedDevices;
	problems: Problem[];
	/** Something is to be tried again. */
	failed: boolean;
}

/** Maps before programs, which read them from their first packet on. */
function syncDevices(
	{ maps, programs, onDevices }: Pick<FollowOptions, "maps" | "programs" | "onDevices">,
	{ hooks, network, settings }: { hooks: DeviceHooks; network: NetworkSnapshot; settings: DeviceSettings },
): Synced {
	const classified = classifyDevices(network, settings);
	const mapProblems = [
		...writeMap(maps.devices, deviceEntries(network, settings)),
		...writeMap(maps.nodeAddresses, nodeAddressEntries(network, settings)),
	];
	onDevices?.(network, classified.devices);
	const result = attachDevices(classified.devices, { hooks, programs });
	return {
		followed: asFollowed(classified, result),
		result,
		problems: [...mapProblems, ...deviceProblems(classified, result)],
		failed: mapProblems.length + result.failures.length > 0,
	};
}

function asFollowed({ devices }: Classified, { failures }: AttachedDevices): FollowedDevice[] {
	const failed = new Set(failures.map(({ ifindex }) => ifindex));
	return devices.map((device) => ({ ...device, attached: !failed.has(device.ifindex) }));
}

function unfollowed(error: unknown): Problem {
	const object = "network devices";
	const why = error instanceof Error ? error.message : String(error);
	const message = `${object}: ${why}; changes of them are not followed, which is tried again`;
	return { id: `${object} DEVICE_FAILED`, object, code: "DEVICE_FAILED", message };
}
