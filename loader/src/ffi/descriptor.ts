import { closeSync, readlinkSync } from "node:fs";
import { lastErrno, lazily, libc } from "./library.ts";

const duplicateCloseOnExec = 1030;

const calls = lazily(() => ({
	fcntl: libc().func("int fcntl(int fd, int command, ...)") as (
		fd: number,
		command: number,
		type: "int",
		argument: number,
	) => number,
}));

/** A second descriptor for the same thing, closed on exec; a negative errno where there is none left. */
export function duplicateDescriptor(fd: number): number {
	const copy = calls().fcntl(fd, duplicateCloseOnExec, "int", 0);
	return copy >= 0 ? copy : -lastErrno();
}

/** Closes a descriptor. */
export const closeDescriptor = (fd: number): void => closeSync(fd);

/** What a descriptor of the kernel's BPF objects is of. */
export type DescriptorKind = "map" | "program" | "link" | "other";

/** Asks /proc what a descriptor is of: the kernel's info calls take any and answer in the layout of its own kind. */
export function descriptorKind(fd: number): DescriptorKind {
	const target = readlinkSync(`/proc/self/fd/${fd}`);
	if (target.includes("bpf-map")) return "map";
	if (target.includes("bpf-prog")) return "program";
	if (/bpf[-_]link/.test(target)) return "link";
	return "other";
}
