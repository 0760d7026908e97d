import { type ChildProcess, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Lab } from "./lab.ts";
import type { Namespace } from "./namespaces.ts";
import { monotonicMs } from "./protocol.ts";

const fromKproxy = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** How to start kproxy: straight from its sources, or as the package that is published. */
export const SOURCE = [process.execPath, "--conditions=source", fromKproxy("src/cli.ts")];
export const BUILT = [process.execPath, fromKproxy("bin/kproxy.js")];

/** Room for any test: most of a daemon's start is the room that it makes by default. */
export const SMALL_MAPS: Readonly<Record<string, number>> = {
	"--max-frontends": 8_192,
	"--max-services": 8_192,
	"--max-flows": 16_384,
	"--max-datagram-peers": 16_384,
	"--max-affinities": 8_192,
};

/** Those sizes that the arguments do not give themselves. */
function smallMaps(args: readonly string[]): string[] {
	return Object.entries(SMALL_MAPS).flatMap(([name, entries]) =>
		args.includes(name) ? [] : [name, `${entries}`],
	);
}

/** What the daemon writes. */
interface LogEvent {
	level: number;
	msg: string;
	[field: string]: unknown;
}

/** One line of the daemon's log. */
export interface LogLine extends LogEvent {
	/** When it was read, in ms on the machine's monotonic clock. */
	readMs: number;
}

export interface DaemonOptions {
	namespace: Namespace;
	/** The lab's own unless told. */
	bpffs?: string;
	/** The cgroup to attach to; that of the lab's clients unless told. */
	cgroup?: string;
	/** The cgroup that it runs in; `others` unless told. */
	runsIn?: string;
	/** `SOURCE` unless told. */
	kproxy?: readonly string[];
	/** Further arguments: where the Services come from, and what else differs. */
	args: readonly string[];
}

/** `kproxy run` in a namespace, on a bpffs and cgroup of the lab. */
export class Daemon {
	readonly lines: LogLine[] = [];
	/** On the machine's monotonic clock, in ms. */
	readonly startedMs = monotonicMs();
	readonly #child: ChildProcess;
	readonly #exit: Promise<unknown>;
	#wake = () => {};

	constructor(lab: Lab, options: DaemonOptions) {
		const { namespace, bpffs = lab.bpffs, cgroup = lab.cgroups.clients, kproxy = SOURCE, args } = options;
		const where = ["--bpffs", bpffs, "--cgroup", cgroup, "--log-format", "json"];
		const command = [...kproxy, "run", ...where, ...smallMaps(args), ...args];
		const stdio = ["ignore", "pipe", "pipe"] as const;
		this.#child = lab.spawn({ namespace, cgroup: options.runsIn ?? "others", command, stdio: [...stdio] });
		this.#exit = once(this.#child, "exit").then(() => this.#wake());
		for (const stream of [this.#child.stdout, this.#child.stderr]) {
			if (stream) createInterface({ input: stream }).on("line", (line) => this.#read(line));
		}
	}

	get pid(): number {
		if (this.#child.pid === undefined) throw new Error("the daemon did not start");
		return this.#child.pid;
	}

	get running(): boolean {
		return this.#child.exitCode === null && this.#child.signalCode === null;
	}

	/** The first log line that matches, `from` that many lines on; waits for it. Rejects after 30 s, or when the daemon ends. */
	async line(what: string, matches: (line: LogLine) => boolean, from = 0): Promise<LogLine> {
		const deadline = performance.now() + 30_000;
		for (;;) {
			const found = this.lines.slice(from).find(matches);
			if (found) return found;
			if (!this.running) throw new Error(`the daemon ended before ${what}: ${this.#tail()}`);
			if (performance.now() > deadline)
				throw new Error(`the daemon did not say ${what} in 30 s: ${this.#tail()}`);
			await this.#nextLine(deadline - performance.now());
		}
	}

	/** The first log line that says that everything there is, is in the kernel. */
	synced(): Promise<LogLine> {
		return this.line("that it is in sync", isSync);
	}

	/** It has said so already. */
	get inSync(): boolean {
		return this.lines.some(isSync);
	}

	/** The first log line, `from` that many lines on, that reports a change in the kernel. */
	report(from: number): Promise<LogLine> {
		return this.line("that a change is in the kernel", (line) => Number(line.changes) > 0, from);
	}

	/** Sends a signal and waits until the process is gone; the result is its exit status, or the signal that ended it. */
	async end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
		if (this.running) process.kill(this.pid, signal);
		await this.#exit;
		return this.#child.exitCode ?? this.#child.signalCode;
	}

	#nextLine(timeoutMs: number): Promise<void> {
		return new Promise((resolve) => {
			const timer = setTimeout(resolve, Math.max(timeoutMs, 0));
			this.#wake = () => {
				clearTimeout(timer);
				resolve();
			};
		});
	}

	#read(text: string): void {
		this.lines.push({ ...parseLine(text), readMs: monotonicMs() });
		this.#wake();
	}

	#tail(): string {
		return this.lines
			.slice(-5)
			.map((line) => line.msg)
			.join(" | ");
	}
}

/** A command that ran to its end. */
export interface CommandResult {
	status: number | null;
	stdout: string;
	stderr: string;
}

/**
 * Runs another command of kproxy on the bpffs of a lab or node, and within the node's namespace where that is given, such as
 * `["frontends", "-o", "json"]`.
 */
export function kproxyCommand(
	{ bpffs, within }: { bpffs: string; within?: Namespace },
	args: readonly string[],
	kproxy: readonly string[] = SOURCE,
): CommandResult {
	const enter = within ? ["nsenter", `--net=${within.path}`, "--"] : [];
	const [file = "", ...rest] = [...enter, ...kproxy, ...args, "--bpffs", bpffs];
	const { status, stdout, stderr } = spawnSync(file, rest, { encoding: "utf8", timeout: 60_000 });
	return { status, stdout, stderr };
}

function isSync(line: LogLine): boolean {
	return line.msg === "in sync";
}

/** What the daemon writes is JSON, except where it cannot start. */
function parseLine(text: string): LogEvent {
	try {
		return JSON.parse(text);
	} catch {
		return { level: 50, msg: text };
	}
}
