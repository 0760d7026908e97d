import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { programs } from "../generated/tc.ts";
import { type DeviceHook, directionOf, type PacketProgramName } from "./hooks.ts";

/** A pinned link of ours to one side of a device. */
export interface DevicePin extends DeviceHook {
	path: string;
}

/** Where the link of a program on a device is pinned: bpffs takes no dots, so the index stands for the name. */
export function devicePinPath(links: string, { program, ifindex }: Pick<DeviceHook, "program" | "ifindex">) {
	return join(links, `${program}_${ifindex}`);
}

/** Every pin in the directory of links that has such a name, ingress first: the order in which they may go. */
export function findDevicePins(links: string): DevicePin[] {
	if (!existsSync(links)) return [];
	return readdirSync(links)
		.flatMap((name) => parsePin(links, name))
		.sort((a, b) => b.direction.localeCompare(a.direction) || a.ifindex - b.ifindex);
}

function parsePin(links: string, name: string): DevicePin[] {
	const [, program = "", index] = /^(\w+)_([1-9]\d*)$/.exec(name) ?? [];
	if (!isPacketProgram(program)) return [];
	return [{ program, ifindex: Number(index), direction: directionOf(program), path: join(links, name) }];
}

function isPacketProgram(name: string): name is PacketProgramName {
	return name in programs;
}
