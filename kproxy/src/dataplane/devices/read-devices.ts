import { type Direction, interfaceName, openPinnedLink, openProgramById, readNetwork } from "bpf-loader";
import type { DeviceClass } from "./classify.ts";
import { findFilters } from "./clsact-hooks.ts";
import { findDevicePins } from "./device-pins.ts";

/** One device with programs of ours, as the kernel knows it. */
export interface DeviceFacts {
	ifindex: number;
	/** Undefined where this network namespace has no such device. */
	name: string | undefined;
	/** Undefined where the kernel does not tell the program's name, for want of CAP_SYS_ADMIN. */
	class: DeviceClass | undefined;
	/** Sides that have our program. */
	sides: Direction[];
}

/** Every device that has programs of ours, by pinned links below `links` or by filters. Asks no daemon. */
export function readDevices(links: string): DeviceFacts[] {
	const devices = new Map<number, DeviceFacts>();
	for (const { ifindex, direction, program } of [...readLinks(links), ...readFilters()]) {
		const known = devices.get(ifindex);
		if (known === undefined) {
			const name = interfaceName(ifindex);
			devices.set(ifindex, { ifindex, name, class: classOf(program), sides: [direction] });
		} else if (!known.sides.includes(direction)) {
			known.sides.push(direction);
		}
	}
	return [...devices.values()].sort((a, b) => a.ifindex - b.ifindex);
}

interface Attached {
	ifindex: number;
	direction: Direction;
	program: string | undefined;
}

/** A link whose device is gone waits for the daemon to remove it. */
function readLinks(links: string): Attached[] {
	return findDevicePins(links).filter(({ path, ifindex }) => {
		using link = openPinnedLink(path);
		return link.info().ifindex === ifindex;
	});
}

function readFilters(): Attached[] {
	const ifindexes = readNetwork().links.map(({ ifindex }) => ifindex);
	return findFilters(ifindexes).map((filter) => {
		const { ifindex, direction } = filter.place;
		return { ifindex, direction, program: programName(filter.info().programId) };
	});
}

/** Naming a program by its number is a privilege of its own. */
function programName(id: number): string | undefined {
	try {
		using program = openProgramById(id);
		return program?.name;
	} catch {
		return undefined;
	}
}

function classOf(program: string | undefined): DeviceClass | undefined {
	if (program === undefined) return undefined;
	return program.startsWith("tc_node_") ? "node" : "pod";
}
