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
	/** `SOURCE` unless told. */
	kproxy?: readonly string[];
	/** Further arguments: where the Services come from, and what else differs. */
	args: readonly string[];
}

/** `kproxy run` on a lab's bpffs and the cgroup of its clients. */
export class Daemon {
	readonly lines: LogLine[] = [];
	/** On the machine's monotonic clock, in ms. */
	readonly startedMs = monotonicMs();
	readonly #child: ChildProcess;
	readonly #exit: Promise<unknown>;
	#wake = () => {};

	constructor(lab: Lab, { namespace, kproxy = SOURCE, args }: DaemonOptions) {
		const where = ["--bpffs", lab.bpffs, "--cgroup", lab.cgroups.clients, "--log-format", "json"];
		const command = [...kproxy, "run", ...where, ...args];
		this.#child = lab.spawn({ namespace, cgroup: "others", command, stdio: ["ignore", "pipe", "pipe"] });
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

/** Runs another command of kproxy on the lab's bpffs, such as `["frontends", "-o", "json"]`. */
export function kproxyCommand(
	lab: Lab,
	args: readonly string[],
	kproxy: readonly string[] = SOURCE,
): CommandResult {
	const [file = "", ...before] = kproxy;
	const all = [...before, ...args, "--bpffs", lab.bpffs];
	const { status, stdout, stderr } = spawnSync(file, all, { encoding: "utf8", timeout: 60_000 });
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
