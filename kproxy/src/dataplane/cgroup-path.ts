import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { findCgroup } from "./cgroup-root.ts";

/** Directories that are looked at before giving up: a node with that many cgroups has other worries. */
const MAX_DIRECTORIES = 50_000;

/** The directory of the cgroup with this number (its inode), nearest to the root first; undefined where none is found. */
export function findCgroupPath(id: bigint): string | undefined {
	const queue = [rootOrNothing()].filter((path) => path !== undefined);
	for (let looked = 0; looked < queue.length && looked < MAX_DIRECTORIES; looked++) {
		const directory = queue[looked] ?? "";
		try {
			if (statSync(directory, { bigint: true }).ino === id) {
				return directory;
			}
			const entries = readdirSync(directory, { withFileTypes: true });
			queue.push(
				...entries.filter((entry) => entry.isDirectory()).map((entry) => join(directory, entry.name)),
			);
		} catch {
			// Cgroups come and go while we look.
		}
	}
	return undefined;
}

function rootOrNothing(): string | undefined {
	try {
		return findCgroup(undefined).path;
	} catch {
		return undefined;
	}
}
