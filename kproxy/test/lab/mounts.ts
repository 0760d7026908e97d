import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { RUN_DIRECTORY } from "../../src/serve/daemon-socket.ts";
import { run } from "./run.ts";

/** Everything mounted in this mount namespace. */
export function mounts(): { path: string; type: string }[] {
	return readFileSync("/proc/self/mountinfo", "utf8").trimEnd().split("\n").map(parseMount);
}

/** Mounts a BPF file system of its own on a new directory. */
export function mountBpffs(path: string): void {
	mkdirSync(path, { recursive: true });
	run("mount", ["-t", "bpf", "bpf", path]);
}

/**
 * Unmounts the BPF file system at a path, or nothing, and removes the sockets of daemons that were killed on it. Lets go
 * at once even where a process still stands in it.
 */
export function unmountBpffs(path: string): void {
	if (!mounts().some((mount) => mount.path === path)) return;
	const ours = `bpffs-${statSync(path).dev}-`;
	for (const name of existsSync(RUN_DIRECTORY) ? readdirSync(RUN_DIRECTORY) : []) {
		if (name.startsWith(ours)) rmSync(join(RUN_DIRECTORY, name), { force: true });
	}
	run("umount", ["--lazy", path]);
}

function parseMount(line: string): { path: string; type: string } {
	const [before = "", after = ""] = line.split(" - ");
	const path = before.split(" ")[4] ?? "";
	return {
		path: path.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
		type: after.split(" ")[0] ?? "",
	};
}
