import { existsSync, mkdirSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { BpfError } from "bpf-loader";
import { findDevicePins } from "./devices/device-pins.ts";
import { maps, programs } from "./generated/sock_lb.ts";

/** `BPF_FS_MAGIC` of linux/magic.h. */
const BPF_FS_MAGIC = 0xcafe4a11;

/** Is this directory, or the nearest one above it that exists, on a bpf file system? */
export function isOnBpffs(directory: string): boolean {
	let existing = directory;
	while (!existsSync(existing) && dirname(existing) !== existing) {
		existing = dirname(existing);
	}
	// The kernel's field is signed on some architectures.
	return statfsSync(existing).type >>> 0 === BPF_FS_MAGIC;
}

/** Throws BpfError `NOT_BPFFS` with the line that mounts one. */
export function requireBpffs(directory: string): void {
	if (!isOnBpffs(directory)) {
		const isUsual = directory === "/sys/fs/bpf" || directory.startsWith("/sys/fs/bpf/");
		throw new BpfError(`${directory} is not on a bpf file system: pins can live nowhere else`, {
			code: "NOT_BPFFS",
			operation: "open",
			object: directory,
			hint: isUsual
				? "mount -t bpf bpf /sys/fs/bpf"
				: `mkdir -p ${directory} && mount -t bpf bpf ${directory}`,
		});
	}
}

/** Paths of what kproxy pins below its directory. */
export interface PinLayout {
	directory: string;
	maps: string;
	links: string;
	map(name: string): string;
	link(program: string): string;
	/** Where a link waits that is about to take the place of another; nothing there outlives a start. */
	pendingLink(program: string): string;
}

/** The layout is fixed: `maps/NAME`, `links/PROGRAM` and, on devices, `links/PROGRAM_IFINDEX`. Creates nothing. */
export function pinLayout(directory: string): PinLayout {
	const maps = join(directory, "maps");
	const links = join(directory, "links");
	return {
		directory,
		maps,
		links,
		map: (name) => join(maps, name),
		link: (program) => join(links, program),
		pendingLink: (program) => join(links, `pending_${program}`),
	};
}

/** Makes the directories of the layout, readable by root only. */
export function makePinDirectories(layout: PinLayout): void {
	for (const directory of [layout.directory, layout.maps, layout.links]) {
		mkdirSync(directory, { recursive: true, mode: 0o700 });
	}
}

/** Pins of ours that exist. Only names that this version of kproxy gives: what others pin beside them is theirs. */
export interface OurPins {
	/** Paths, in the order in which they may go. */
	links: string[];
	maps: string[];
}

/** Looks for every name that we give. Programs of devices come first: they may go first. */
export function findOurPins(layout: PinLayout): OurPins {
	const programNames = Object.keys(programs);
	const ofSockets = [...programNames.map(layout.link), ...programNames.map(layout.pendingLink)];
	return {
		links: [...findDevicePins(layout.links).map(({ path }) => path), ...ofSockets.filter(existsSync)],
		maps: Object.keys(maps).map(layout.map).filter(existsSync),
	};
}
