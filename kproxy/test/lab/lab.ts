import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent } from "./agent.ts";
import { cgroup2Root, makeCgroup, removeCgroup } from "./cgroups.ts";
import { mountBpffs, mounts, unmountBpffs } from "./mounts.ts";
import { Namespace, NETNS_DIR, type Sysctls } from "./namespaces.ts";
import { isAbandoned, labName } from "./owner.ts";
import { run } from "./run.ts";
import { buildPacketsTool } from "./tools.ts";

/** An agent starts in less than half the time where an earlier one has left its types stripped and its code compiled. */
const AGENT_ENV = {
	NODE_COMPILE_CACHE: fileURLToPath(new URL("../../../node_modules/.cache/kproxy-lab", import.meta.url)),
};

/** Which of a lab's cgroups a process runs in: `clients` is the one to attach programs to. */
export type CgroupName = "clients" | "others";

/** What a lab's process runs, and where. */
export interface LabProcess {
	namespace: Namespace;
	/** One of the lab's own two by its name, or a cgroup's path. */
	cgroup: CgroupName | (string & {});
	command: readonly string[];
	stdio: SpawnOptions["stdio"];
	env?: NodeJS.ProcessEnv;
}

/**
 * A corner of the machine of its own: network namespaces, two cgroups, a BPF file system and processes in them.
 * Nothing outside is changed, and all of it goes with `close()`, with this process, or with the next `sweepLabs()`.
 */
export class Lab {
	readonly name: string;
	/** Directory for files; removed with the lab. */
	readonly directory: string;
	/** A BPF file system that only this lab uses. */
	readonly bpffs: string;
	/** cgroup2 directories, each with the processes of its name. */
	readonly cgroups: Readonly<Record<CgroupName, string>>;
	readonly #namespaces: Namespace[] = [];
	readonly #cgroup: string;
	#packetsTool: string | undefined;
	#closed = false;

	constructor(name: string) {
		this.name = labName(name);
		this.directory = join(tmpdir(), this.name);
		this.bpffs = join(this.directory, "bpffs");
		this.#cgroup = join(cgroup2Root(), this.name);
		open.add(this);
		try {
			mkdirSync(this.directory);
			mountBpffs(this.bpffs);
			mkdirSync(this.#cgroup);
			this.cgroups = {
				clients: makeCgroup(this.#cgroup, "clients"),
				others: makeCgroup(this.#cgroup, "others"),
			};
		} catch (error) {
			this.close();
			throw error;
		}
	}

	/** Makes a network namespace, with kernel settings that its devices are to be made by. */
	namespace(name: string, sysctls: Sysctls = {}): Namespace {
		const namespace = new Namespace(`${this.name}-${name}`, sysctls);
		this.#namespaces.push(namespace);
		return namespace;
	}

	/** Makes a cgroup, beside the lab's own two or, by a name such as `node-1/pods`, below one made before. */
	cgroup(name: string): string {
		return makeCgroup(this.#cgroup, name);
	}

	/** The program that captures and injects packets; compiled when it is first needed. */
	packetsTool(): string {
		this.#packetsTool ??= buildPacketsTool(this.directory);
		return this.#packetsTool;
	}

	/** Starts a process that is in its cgroup and namespace before its first instruction. */
	spawn({ namespace, cgroup, command, stdio, env = {} }: LabProcess): ChildProcess {
		// A socket belongs to the cgroup that its maker was in, so the shell moves itself before it becomes the command.
		const enter =
			'cgroup=$1 namespace=$2; shift 2; echo $$ >"$cgroup" && exec nsenter --net="$namespace" -- "$@"';
		const args = [
			"-c",
			enter,
			"sh",
			join(this.#cgroupPath(cgroup), "cgroup.procs"),
			namespace.path,
			...command,
		];
		return spawn("sh", args, { stdio: stdio ?? "inherit", env: { ...process.env, ...env } });
	}

	/** Starts a process that listens and dials on request. `name` is what its servers answer. */
	agent(name: string, where: Pick<LabProcess, "namespace" | "cgroup">): Promise<Agent> {
		return Agent.start(name, (command) =>
			this.spawn({ ...where, command, stdio: ["pipe", "pipe", "inherit"], env: AGENT_ENV }),
		);
	}

	#cgroupPath(cgroup: string): string {
		return cgroup === "clients" || cgroup === "others" ? this.cgroups[cgroup] : cgroup;
	}

	/** Ends every process of the lab and removes all that it made. Blocks until done. */
	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		open.delete(this);
		attemptAll([
			() => removeCgroup(this.#cgroup),
			() => unmountBpffs(this.bpffs),
			...this.#namespaces.map((namespace) => () => namespace.delete()),
			() => rmSync(this.directory, { recursive: true, force: true }),
		]);
	}

	[Symbol.dispose](): void {
		this.close();
	}
}

const open = new Set<Lab>();
let watching = false;

/** Makes a lab. Needs root and iproute2. `name` is of letters, digits and dashes, and unique in this process. */
export function createLab(name: string): Lab {
	if (process.getuid?.() !== 0) throw new Error("a lab needs root, for namespaces and cgroups: try sudo");
	closeLabsOnExit();
	return new Lab(name);
}

/** Removes whatever labs whose process was killed have left: processes, cgroups, namespaces, mounts, files. */
export function sweepLabs(): void {
	try {
		attemptAll(abandoned().map(({ remove }) => remove));
	} catch (error) {
		// Another process may have been sweeping at the same time; what matters is that all is gone.
		if (abandoned().length > 0) throw error;
	}
}

/** What dead labs have left, in the order to remove it. */
function abandoned(): { remove: () => void }[] {
	const root = cgroup2Root();
	const bpffs = mounts().filter((mount) => mount.type === "bpf" && isAbandoned(mount.path));
	return [
		...abandonedIn(root).map((name) => ({ remove: () => removeCgroup(join(root, name)) })),
		...bpffs.map(({ path }) => ({ remove: () => unmountBpffs(path) })),
		...abandonedIn(NETNS_DIR).map((name) => ({ remove: () => void run("ip", ["netns", "delete", name]) })),
		...abandonedIn(tmpdir()).map((name) => ({
			remove: () => rmSync(join(tmpdir(), name), { recursive: true, force: true }),
		})),
	];
}

function abandonedIn(directory: string): string[] {
	return existsSync(directory) ? readdirSync(directory).filter(isAbandoned) : [];
}

/** A step that fails must not keep the others from being done. */
function attemptAll(steps: readonly (() => void)[]): void {
	const failures: unknown[] = [];
	for (const step of steps) {
		try {
			step();
		} catch (error) {
			failures.push(error);
		}
	}
	if (failures.length > 0)
		throw new AggregateError(failures, `a lab was not removed whole: ${failures.join("; ")}`);
}

function closeLabsOnExit(): void {
	if (watching) return;
	watching = true;
	process.once("exit", () => attemptAll([...open].map((lab) => () => lab.close())));
	// Not once: a second Ctrl-C must not end the process in the middle of its clean-up.
	process.on("SIGINT", () => process.exit(130));
	process.on("SIGTERM", () => process.exit(143));
	process.on("SIGHUP", () => process.exit(129));
}
