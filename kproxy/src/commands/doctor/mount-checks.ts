import { existsSync } from "node:fs";
import { isOnBpffs } from "../../dataplane/bpffs.ts";
import { findCgroup } from "../../dataplane/cgroup-root.ts";
import { type Check, collect } from "./check.ts";

const GROUP = "mounts";

/** bpffs for the pins, cgroup2 for the hooks. */
export async function checkMounts({
	bpffs,
	cgroup,
}: {
	bpffs: string;
	cgroup: string | undefined;
}): Promise<Check[]> {
	return [
		...(await collect({ group: GROUP, name: "bpf file system" }, () => [checkBpffs(bpffs)])),
		...(await collect({ group: GROUP, name: "cgroup2" }, () => [checkCgroup(cgroup)])),
	];
}

function checkBpffs(bpffs: string): Check {
	const mounted = isOnBpffs(bpffs);
	return {
		group: GROUP,
		name: "bpf file system",
		level: mounted ? "ok" : "fail",
		found: mounted ? `${bpffs}${existsSync(bpffs) ? "" : " (will be made)"}` : `${bpffs} is not on one`,
		advice: mounted
			? undefined
			: "mount -t bpf bpf /sys/fs/bpf; in a pod: a hostPath volume of it with mountPropagation HostToContainer",
	};
}

function checkCgroup(asked: string | undefined): Check {
	const { path, virtualised } = findCgroup(asked);
	return {
		group: GROUP,
		name: "cgroup2",
		level: virtualised ? "warn" : "ok",
		found: virtualised ? `${path} is the root of a cgroup namespace, not of the node` : path,
		advice: virtualised
			? "processes outside that namespace are not served: run with hostPID, or give the node's root with --cgroup"
			: undefined,
	};
}
