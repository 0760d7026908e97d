import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { BpfError, inNetworkNamespace, type ObjectSpec } from "bpf-loader";

/** Where features are tried: a network namespace and a cgroup of their own, and the programs of features.bpf.c. */
export interface Place {
	/** The object of test-vm/bpf/features.bpf.c. */
	spec: ObjectSpec;
	/** Directory of a cgroup without processes. */
	cgroup: string;
	/** Runs a synchronous function with this thread in the namespace. */
	inside<Result>(use: () => Result): Result;
	/** Runs `ip` in the namespace. Throws BpfError with the errno that the kernel answered. */
	ip(...args: string[]): void;
	[Symbol.dispose](): void;
}

/** Makes a place, which is gone when it is disposed of. Needs root, `ip` and a mounted cgroup2. */
export function makePlace(spec: ObjectSpec): Place {
	const name = `kproxy-support-${process.pid}`;
	const cgroup = join(cgroupMount(), name);
	using undo = new DisposableStack();
	mkdirSync(cgroup);
	undo.defer(() => rmdirSync(cgroup));
	ip(["netns", "add", name]);
	undo.defer(() => ip(["netns", "delete", name]));
	ip(["-n", name, "link", "set", "lo", "up"]);
	const owned = undo.move();
	return {
		spec,
		cgroup,
		inside: (use) => inNetworkNamespace(`/run/netns/${name}`, use),
		ip: (...args) => ip(["-n", name, ...args]),
		[Symbol.dispose]: () => owned.dispose(),
	};
}

function cgroupMount(): string {
	const mount = /^\S+ (\S+) cgroup2 /m.exec(readFileSync("/proc/mounts", "utf8"))?.[1];
	if (mount !== undefined) return mount;
	throw new Error("no cgroup2 is mounted: mount -t cgroup2 none /sys/fs/cgroup");
}

/** The kernel's words for a kind of device that it does not know, which come without an errno. */
const unknownKind = /Unknown device type|Operation not supported/;

function ip(args: readonly string[]): void {
	const { status, error, stderr } = spawnSync("ip", args, { encoding: "utf8", timeout: 30_000 });
	if (error !== undefined) throw error;
	if (status === 0) return;
	const command = `ip ${args.join(" ")}`;
	throw new BpfError(`${command}: ${stderr.trim()}`, {
		code: "IP",
		operation: "run",
		object: command,
		errno: unknownKind.test(stderr) ? constants.errno.EOPNOTSUPP : undefined,
	});
}
