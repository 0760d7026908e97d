import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { mounts } from "./mounts.ts";
import { pause } from "./run.ts";

/** How long the processes of a cgroup may take to be gone once killed. */
const REMOVE_TIMEOUT_MS = 10_000;

/** Where cgroup2 is mounted: `/sys/fs/cgroup` on most machines, a directory below it on those that mix both versions. */
export function cgroup2Root(): string {
	const mount = mounts().find((mount) => mount.type === "cgroup2");
	if (!mount) throw new Error("no cgroup2 is mounted here: mount -t cgroup2 cgroup2 /sys/fs/cgroup");
	return mount.path;
}

/** Makes a cgroup and returns its path. */
export function makeCgroup(parent: string, name: string): string {
	const path = join(parent, name);
	mkdirSync(path);
	return path;
}

/** Ends every process in a cgroup and below it, and removes the whole of it. */
export function removeCgroup(path: string): void {
	const deadline = Date.now() + REMOVE_TIMEOUT_MS;
	while (existsSync(path)) {
		for (const pid of processesIn(path)) kill(pid);
		if (removeEmpty(path)) return;
		if (Date.now() > deadline) throw new Error(`${path} stays busy: its processes do not end`);
		pause(5);
	}
}

function processesIn(path: string): number[] {
	const own = readFileSync(join(path, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
	return [...own, ...childrenOf(path).flatMap(processesIn)];
}

/** Whether it is gone. A process that is just ending keeps its cgroup busy for a moment after it left the list. */
function removeEmpty(path: string): boolean {
	try {
		if (!childrenOf(path).every(removeEmpty)) return false;
		rmdirSync(path);
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "EBUSY") return false;
		throw error;
	}
}

function childrenOf(path: string): string[] {
	const entries = readdirSync(path, { withFileTypes: true });
	return entries.filter((entry) => entry.isDirectory()).map((entry) => join(path, entry.name));
}

function kill(pid: number): void {
	try {
		process.kill(pid, "SIGKILL");
	} catch (error) {
		// It ended between being listed and being killed.
		if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
	}
}
