import { existsSync, rmdirSync } from "node:fs";
import { openTcFilter, readNetwork, type TcFilterPlace, unpin } from "bpf-loader";
import { detachPinned } from "./attach.ts";
import { findOurPins, type OurPins, type PinLayout } from "./bpffs.ts";
import { findFilters } from "./devices/clsact-hooks.ts";

/** What there is to remove. */
export interface Removable extends OurPins {
	/** Places of our filters on devices of this network namespace; only kernels without tcx links have any. */
	filters: TcFilterPlace[];
	/** Ours by name; those that others have put something into stay. */
	directories: string[];
}

/**
 * Everything of ours below the layout's directory and on devices, in the order in which it goes: programs first, then
 * their maps.
 */
export function findRemovable(layout: PinLayout): Removable {
	return {
		filters: findFilters(readNetwork().links.map(({ ifindex }) => ifindex)).map(({ place }) => place),
		...findOurPins(layout),
		directories: [layout.links, layout.maps, layout.directory].filter(existsSync),
	};
}

/** Detaches and unpins what was found. When it returns no program of ours runs any more. */
export function removeDataplane({ filters, links, maps, directories }: Removable): void {
	for (const place of filters) {
		openTcFilter(place)?.detach();
	}
	for (const path of links) {
		detachPinned(path);
	}
	for (const path of maps) {
		unpin(path);
	}
	for (const path of directories) {
		removeIfEmpty(path);
	}
}

function removeIfEmpty(path: string): void {
	try {
		rmdirSync(path);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		// Busy: the bpf file system may be mounted on the directory itself.
		if (code !== "ENOTEMPTY" && code !== "EBUSY" && code !== "ENOENT") {
			throw error;
		}
	}
}
