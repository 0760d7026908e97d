import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Ports that the kernel gives to no socket by itself; a socket that asks for one still gets it. */
export const RESERVED_PORTS = "/proc/sys/net/ipv4/ip_local_reserved_ports";
/** A container's /proc/sys is read-only: there the DaemonSet mounts the node's. The network namespace decides whose it is. */
const MOUNTED_RESERVED_PORTS = "/host/proc/sys/net/ipv4/ip_local_reserved_ports";

/** Ports from the first to the last, both included. */
export interface Ports {
	first: number;
	last: number;
}

/** Where the kernel's list and our note of our part of it are. Tests give their own. */
export interface ReservedPortsPaths {
	/** Says which ports we added, so that those of others stay. */
	notePath: string;
	/** The first that can be written is. */
	listPaths?: readonly string[];
}

const LIST_PATHS = [RESERVED_PORTS, MOUNTED_RESERVED_PORTS];

/** The kernel's list, as in `8080,30000-32767`. */
export function parsePorts(text: string): Ports[] {
	return text
		.trim()
		.split(",")
		.filter((part) => part !== "")
		.map((part) => {
			const [first = 0, last = first] = part.split("-").map(Number);
			return { first, last };
		});
}

/** As the kernel takes and prints it. */
export function formatPorts(ports: readonly Ports[]): string {
	return ports.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/** The ports of `all` that are in none of `taken`. */
export function subtractPorts(all: readonly Ports[], taken: readonly Ports[]): Ports[] {
	let left = [...all];
	for (const { first, last } of taken) {
		left = left.flatMap((range) =>
			[
				{ first: range.first, last: Math.min(range.last, first - 1) },
				{ first: Math.max(range.first, last + 1), last: range.last },
			].filter((part) => part.first <= part.last),
		);
	}
	return left;
}

/**
 * Adds ports to the kernel's list, keeps what is there, and notes what it added. Returns what it added now. Throws what the
 * file system says where the list cannot be written.
 */
export function reservePorts(wanted: readonly Ports[], paths: ReservedPortsPaths): Ports[] {
	const { list, path } = readList(paths);
	const added = subtractPorts(wanted, list);
	// What an earlier start added is ours as long as it is still there.
	const noted = readNote(paths.notePath);
	const gone = subtractPorts(noted, list);
	mkdirSync(dirname(paths.notePath), { recursive: true, mode: 0o700 });
	const ours = [...subtractPorts(noted, gone), ...added];
	// Before the list: a note of too much is harmless, one of too little leaves ports behind.
	writeFileSync(paths.notePath, JSON.stringify({ netns: netnsNumber(), ports: formatPorts(ours) }));
	if (added.length > 0) writeList([...list, ...added], { first: path, paths });
	return added;
}

/** What `releasePorts` would take out of the list. */
export function findReservedPorts(paths: ReservedPortsPaths): Ports[] {
	const noted = readNote(paths.notePath);
	return subtractPorts(noted, subtractPorts(noted, readList(paths).list));
}

/** Takes out of the kernel's list what we have added, and nothing else. Returns it. */
export function releasePorts(paths: ReservedPortsPaths): Ports[] {
	const ours = findReservedPorts(paths);
	const { list, path } = readList(paths);
	if (ours.length > 0) writeList(subtractPorts(list, ours), { first: path, paths });
	rmSync(paths.notePath, { force: true });
	return ours;
}

function readList({ listPaths = LIST_PATHS }: ReservedPortsPaths): { list: Ports[]; path: string } {
	const [path = RESERVED_PORTS] = listPaths;
	return { list: parsePorts(readFileSync(path, "utf8")), path };
}

function writeList(
	ports: readonly Ports[],
	{ first, paths: { listPaths = LIST_PATHS } }: { first: string; paths: ReservedPortsPaths },
): void {
	let refused: unknown;
	for (const path of [first, ...listPaths.filter((each) => each !== first)]) {
		try {
			// No more than a newline empties the list; no bytes at all would leave it as it is.
			writeFileSync(path, `${formatPorts(ports)}\n`, { flag: "r+" });
			return;
		} catch (error) {
			refused ??= error;
		}
	}
	throw refused;
}

/** Empty where there is no note, or one of another network namespace. */
function readNote(path: string): Ports[] {
	try {
		const note = JSON.parse(readFileSync(path, "utf8")) as { netns?: unknown; ports?: unknown };
		return note.netns === netnsNumber() && typeof note.ports === "string" ? parsePorts(note.ports) : [];
	} catch {
		return [];
	}
}

function netnsNumber(): number {
	return statSync("/proc/self/ns/net").ino;
}
