import { existsSync, readFileSync, readlinkSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { BpfError } from "bpf-loader";
import { parseMountinfo } from "./mounts.ts";

/** `CGROUP2_SUPER_MAGIC` of linux/magic.h. */
const CGROUP2_MAGIC = 0x63677270;

/** A cgroup v2 directory to attach to. */
export interface CgroupDirectory {
	path: string;
	/** Asked for as the root, but it is only the root of a cgroup namespace: processes above it are not served. */
	virtualised: boolean;
}

/** What finding the root asks of the system; tests give their own. */
export interface CgroupView {
	/** Mounts as PID 1 has them, and the prefix that leads to them from here; our own where PID 1 cannot be looked into. */
	mounts(): { mountinfo: string; prefix: string };
	isCgroup2(path: string): boolean;
	/** Only a cgroup below the real root has a type (cgroup-v2 documentation, core interface files). */
	hasParent(path: string): boolean;
}

/**
 * The directory of `--cgroup`, or the real cgroup2 root: PID 1's mounts are searched, because those of a container
 * show the container's own. Throws BpfError `NOT_CGROUP2` or `NO_CGROUP2`.
 */
export function findCgroup(asked: string | undefined, view: CgroupView = systemView): CgroupDirectory {
	if (asked !== undefined) {
		if (!view.isCgroup2(asked)) {
			throw notCgroup2(asked, view);
		}
		return { path: asked, virtualised: false };
	}
	const candidates = cgroup2Points(view)
		.filter((path) => view.isCgroup2(path))
		.map((path) => ({ path, virtualised: view.hasParent(path) }));
	const found = candidates.find((candidate) => !candidate.virtualised) ?? candidates[0];
	if (found === undefined) {
		throw new BpfError("no cgroup2 file system is mounted, so there is nothing to attach to", {
			code: "NO_CGROUP2",
			operation: "find",
			object: "cgroup2 root",
			hint: "mkdir -p /run/cgroup2 && mount -t cgroup2 cgroup2 /run/cgroup2",
		});
	}
	return found;
}

/** Mounts of whole hierarchies first: a bind mount of a part may come before them in the file. */
function cgroup2Points(view: CgroupView): string[] {
	const { mountinfo, prefix } = view.mounts();
	const mounts = parseMountinfo(mountinfo).filter((mount) => mount.type === "cgroup2");
	return [...mounts.filter(({ root }) => root === "/"), ...mounts.filter(({ root }) => root !== "/")].map(
		({ point }) => `${prefix}${point}`,
	);
}

function notCgroup2(path: string, view: CgroupView): BpfError {
	const known = cgroup2Points(view);
	return new BpfError(`${path} is not a directory of a cgroup2 file system`, {
		code: "NOT_CGROUP2",
		operation: "open",
		object: path,
		hint:
			known.length > 0 ? `cgroup2 is mounted at ${known.join(", ")}` : "no cgroup2 file system is mounted",
	});
}

const systemView: CgroupView = {
	mounts: () =>
		hasOtherMounts()
			? { mountinfo: readFileSync("/proc/1/mountinfo", "utf8"), prefix: "/proc/1/root" }
			: { mountinfo: readFileSync("/proc/self/mountinfo", "utf8"), prefix: "" },
	isCgroup2: (path) => {
		try {
			return statfsSync(path).type === CGROUP2_MAGIC;
		} catch {
			return false;
		}
	},
	hasParent: (path) => existsSync(join(path, "cgroup.type")),
};

/** False, too, where we may not look into PID 1: then its root is closed to us as well. */
function hasOtherMounts(): boolean {
	try {
		return readlinkSync("/proc/1/ns/mnt") !== readlinkSync("/proc/self/ns/mnt");
	} catch {
		return false;
	}
}
