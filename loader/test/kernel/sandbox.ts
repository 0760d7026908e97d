import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import koffi from "koffi";
import { type BpfMap, kernelMapCalls } from "../../src/index.ts";

let count = 0;
const newName = (kind: string): string => `bpf-loader-test-${process.pid}-${kind}${++count}`;

/** A bpffs of the test's own; unmounted when the test ends, passed or not. */
export function makeBpffs(t: ExecutionContext): string {
	const directory = mkdtempSync(join(tmpdir(), "bpf-loader-bpffs-"));
	run("mount", ["-t", "bpf", "bpf", directory]);
	t.teardown(() => {
		run("umount", [directory]);
		rmdirSync(directory);
	});
	return directory;
}

/** A cgroup of the test's own, without processes; removed when the test ends. */
export function makeCgroup(t: ExecutionContext): string {
	const mount = /^\S+ (\S+) cgroup2 /m.exec(readFileSync("/proc/mounts", "utf8"))?.[1];
	if (mount === undefined) throw new Error("no cgroup2 is mounted");
	const directory = join(mount, newName("cgroup"));
	mkdirSync(directory);
	t.teardown(() => rmdirSync(directory));
	return directory;
}

/** A network namespace of the test's own with lo up; removed when the test ends. */
export interface TestNamespace {
	readonly path: string;
	/** Index of its lo. */
	readonly lo: number;
	/** Runs a shell command in it. */
	shell(command: string): SpawnSyncReturns<string>;
	/** Runs a synchronous function with this thread in it. */
	inside<Result>(use: () => Result): Result;
}

const newNetwork = 0x40000000;

/** Makes a network namespace; `setup` holds lines for `ip -batch` that are run in it. */
export function makeNamespace(t: ExecutionContext, setup: readonly string[] = []): TestNamespace {
	const name = newName("net");
	run("ip", ["netns", "add", name]);
	t.teardown(() => run("ip", ["netns", "delete", name]));
	run("ip", ["-n", name, "-batch", "-"], ["link set lo up", ...setup, ""].join("\n"));
	const path = `/run/netns/${name}`;
	return {
		path,
		lo: 1,
		shell: (command) => run("nsenter", [`--net=${path}`, "bash", "-c", command]),
		inside: (use) => withinNamespace(path, use),
	};
}

function withinNamespace<Result>(path: string, use: () => Result): Result {
	const setns = koffi.load("libc.so.6").func("int setns(int fd, int type)");
	// The thread's own entry: /proc/self is the process's first thread, which is this one as long as there are no workers.
	const home = openSync("/proc/thread-self/ns/net", "r");
	const there = openSync(path, "r");
	try {
		if (setns(there, newNetwork) !== 0) throw new Error(`setns ${path} failed: errno ${koffi.errno()}`);
		return use();
	} finally {
		if (setns(home, newNetwork) !== 0) process.abort();
		closeSync(there);
		closeSync(home);
	}
}

/** Runs a command and throws where it fails. */
export function run(command: string, args: readonly string[], input?: string): SpawnSyncReturns<string> {
	const result = spawnSync(command, args, {
		encoding: "utf8",
		timeout: 30_000,
		...(input === undefined ? {} : { input }),
	});
	if (result.status === 0) return result;
	throw new Error(`${command} ${args.join(" ")}: ${result.error ?? result.stderr}`);
}

/** Runs a shell command as a process of a cgroup; any exit status is fine. */
export function shellInCgroup(cgroup: string, command: string): SpawnSyncReturns<string> {
	const script = `echo $$ > "$0/cgroup.procs" && ${command}`;
	return spawnSync("bash", ["-c", script, cgroup], { encoding: "utf8", timeout: 30_000 });
}

/** The 64-bit number under a key of an array map, as in the first variable of `.bss`. */
export function readNumber(map: BpfMap, key = 0): bigint {
	const value = new Uint8Array(map.valueSize);
	const status = kernelMapCalls.lookup(map.fd, new Uint8Array(Uint32Array.of(key).buffer), value);
	if (status < 0) throw new Error(`lookup failed: ${status}`);
	return new DataView(value.buffer).getBigUint64(0, true);
}
