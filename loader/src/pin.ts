import { existsSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Errno } from "./errno.ts";
import { BpfError } from "./errors.ts";
import { failure, type Meanings } from "./failure.ts";
import { closeDescriptor, type DescriptorKind, descriptorKind } from "./ffi/descriptor.ts";
import { pinCalls } from "./ffi/pin.ts";

/** `BPF_FS_MAGIC` of linux/magic.h. */
const bpffsMagic = 0xcafe4a11;

/**
 * Pins a descriptor at a path of a bpffs. Throws BpfError: `PIN_NOT_BPFFS`, `PIN_DIRECTORY_MISSING`, `PIN_BAD_NAME`,
 * `PIN_EXISTS`; PermissionError.
 */
export function pinDescriptor(fd: number, object: string, path: string): void {
	checkPlace(object, path);
	const status = pinCalls().pin(fd, path);
	if (status < 0) {
		throw failure(
			{ operation: "pin", object, where: `at ${path}`, needs: ["CAP_BPF"], meanings: pinMeanings },
			-status,
		);
	}
}

const pinMeanings: Meanings = {
	[Errno.EEXIST]: {
		code: "PIN_EXISTS",
		why: "the path is taken",
		hint: "open what is pinned there, or unpin it first",
	},
};

function checkPlace(object: string, path: string): void {
	const directory = dirname(path);
	const refuse = (code: string, why: string, hint: string) =>
		new BpfError(`cannot pin ${object} at ${path}: ${why}: ${hint}`, {
			code,
			operation: "pin",
			object,
			hint,
		});
	// The kernel keeps names with dots for itself and answers EPERM, which would send people after capabilities.
	if (basename(path).includes(".")) throw refuse("PIN_BAD_NAME", "the name has a dot", "use another name");
	if (!existsSync(directory)) {
		throw refuse(
			"PIN_DIRECTORY_MISSING",
			`${directory} does not exist`,
			`mount -t bpf bpf on it or a parent, then mkdir ${directory}`,
		);
	}
	if (!isBpffs(directory)) {
		throw refuse(
			"PIN_NOT_BPFFS",
			`${directory} is not on a BPF file system`,
			`mount -t bpf bpf ${directory}`,
		);
	}
}

/** True for an existing path on a mounted BPF file system. */
export function isBpffs(path: string): boolean {
	return existsSync(path) && statfsSync(path).type === bpffsMagic;
}

/** Opens what is pinned at a path, and sees to it that it is of this kind. The caller owns the descriptor. */
export function openPin(path: string, kind: DescriptorKind): number {
	const object = `pinned ${kind} ${path}`;
	const fd = pinCalls().open(path);
	if (fd < 0) throw failure({ operation: "open", object, needs: ["CAP_BPF"], meanings: openMeanings }, -fd);
	const found = descriptorKind(fd);
	if (found === kind) return fd;
	closeDescriptor(fd);
	throw new BpfError(`cannot open ${object}: a ${found} is pinned there`, {
		code: "PIN_WRONG_KIND",
		operation: "open",
		object,
	});
}

const openMeanings: Meanings = {
	[Errno.ENOENT]: { code: "PIN_MISSING", why: "nothing is pinned there" },
	// Paths outside a bpffs, and directories.
	[Errno.EACCES]: { code: "PIN_NOT_A_PIN", why: "the path is no pin, or its mode keeps this user out" },
};

/**
 * Removes a pin; the map, program or link lives on while anything else holds it. False where nothing was pinned.
 * Throws BpfError `PIN_NOT_BPFFS` for a path that is not on a BPF file system: ordinary files are never removed.
 */
export function unpin(path: string): boolean {
	const object = `pin ${path}`;
	if (!existsSync(path)) return false;
	if (!isBpffs(path)) {
		throw new BpfError(`cannot remove ${object}: it is not on a BPF file system`, {
			code: "PIN_NOT_BPFFS",
			operation: "unpin",
			object,
		});
	}
	try {
		rmSync(path);
	} catch (cause) {
		throw new BpfError(`cannot remove ${object}: ${cause instanceof Error ? cause.message : cause}`, {
			code: "PIN_REMOVE",
			operation: "unpin",
			object,
			cause,
		});
	}
	return true;
}

/** Paths of all pins below a directory of a bpffs, sorted; none where the directory does not exist. */
export function listPins(directory: string): string[] {
	if (!existsSync(directory)) return [];
	const paths = readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
		// The kernel's own: `maps.debug` and `progs.debug`.
		if (entry.name.includes(".")) return [];
		const path = join(directory, entry.name);
		return entry.isDirectory() ? listPins(path) : [path];
	});
	return paths.sort();
}
