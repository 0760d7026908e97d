import { readdirSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { BpfError } from "bpf-loader";

/** A network namespace of this machine. */
export interface NetworkNamespace {
	/** Of the file that stands for it: the same for all paths that lead to one namespace. */
	inode: number;
	/** Paths that lead to it; that of a process ends with the process. */
	paths: string[];
}

/** Where network namespaces are looked for; tests and containers have their own. */
export interface NamespacePlaces {
	/** `/proc` of the machine. */
	proc?: string;
	/** Where `ip netns` and container runtimes keep namespaces by name. */
	named?: string;
}

/**
 * The network namespaces that processes of this machine are in, and those that are kept by a name, each once.
 * `failures` says which processes could not be asked: without CAP_SYS_PTRACE those of other users.
 */
export function listNetworkNamespaces(places: NamespacePlaces = {}): {
	namespaces: NetworkNamespace[];
	failures: BpfError[];
} {
	const { proc = "/proc", named = "/run/netns" } = places;
	const found = new Map<number, NetworkNamespace>();
	const add = (inode: number, path: string) => {
		const namespace = found.get(inode);
		if (namespace === undefined) found.set(inode, { inode, paths: [path] });
		else namespace.paths.push(path);
	};
	// First, as these outlive processes.
	for (const [inode, path] of namedNamespaces(named, proc)) add(inode, path);
	const refused: string[] = [];
	for (const pid of readdirSync(proc).filter((entry) => /^\d+$/.test(entry))) {
		const path = join(proc, pid, "ns/net");
		const inode = processNamespace(path);
		if (inode === "refused") refused.push(pid);
		else if (inode !== undefined) add(inode, path);
	}
	return { namespaces: [...found.values()], failures: refused.length === 0 ? [] : [notReadable(refused)] };
}

/** A file there is a namespace while it is mounted, and an empty file before and after. */
function namedNamespaces(directory: string, proc: string): [inode: number, path: string][] {
	const namespaceDevice = statSync(join(proc, "self/ns/net"), { throwIfNoEntry: false })?.dev;
	return namesIn(directory).flatMap((name) => {
		const path = join(directory, name);
		const status = statSync(path, { throwIfNoEntry: false });
		return status !== undefined && status.dev === namespaceDevice ? [[status.ino, path]] : [];
	});
}

function namesIn(directory: string): string[] {
	try {
		return readdirSync(directory);
	} catch (error) {
		// No container runtime or `ip netns` has made it.
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
		throw error;
	}
}

/** Undefined where the process has ended. */
function processNamespace(path: string): number | "refused" | undefined {
	try {
		const inode = /^net:\[(\d+)\]$/.exec(readlinkSync(path))?.[1];
		return inode === undefined ? undefined : Number(inode);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		return code === "EACCES" || code === "EPERM" ? "refused" : undefined;
	}
}

function notReadable(pids: readonly string[]): BpfError {
	const hint = "run with CAP_SYS_PTRACE";
	const object = `the network namespaces of processes ${pids.slice(0, 3).join(", ")}`;
	const more = pids.length > 3 ? ` and ${pids.length - 3} more` : "";
	return new BpfError(`cannot read ${object}${more}: permission denied: ${hint}`, {
		code: "PERMISSION",
		operation: "read",
		object,
		hint,
	});
}
