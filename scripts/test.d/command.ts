import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A command of a check. */
export interface Command {
	command: readonly string[];
	/** Longest it may take, in seconds. */
	timeoutS: number;
	/** Working directory; the checkout unless told. */
	directory?: string;
	env?: Readonly<Record<string, string>>;
	/** Told every line of stdout as it comes. */
	onLine?: (line: string) => void;
}

/** How a command ended. */
export interface Ended {
	ok: boolean;
	/** `ended with 1`, `killed by SIGSEGV`, `took longer than 60 s`. */
	how: string;
	/** Everything that it wrote, both streams as they came. */
	output: string;
}

const running = new Set<ChildProcess>();

/** Runs a command to its end or its time-out, with all its children. Never rejects. */
export function runCommand({ command, timeoutS, directory, env, onLine }: Command): Promise<Ended> {
	const [file = "", ...args] = command;
	return new Promise((resolve) => {
		let output = "";
		let late = false;
		const child = spawn(file, args, {
			...(directory && { cwd: directory }),
			env: { ...process.env, ...env },
			stdio: ["ignore", "pipe", "pipe"],
			// A process group of its own, so that a time-out ends what the command started too.
			detached: true,
		});
		running.add(child);
		const timer = setTimeout(() => {
			late = true;
			endGroup(child, "SIGTERM");
			setTimeout(() => endGroup(child, "SIGKILL"), 15_000).unref();
		}, timeoutS * 1000);
		const finish = (ok: boolean, how: string) => {
			clearTimeout(timer);
			running.delete(child);
			resolve({ ok: ok && !late, how: late ? `took longer than ${timeoutS} s` : how, output });
		};
		for (const stream of [child.stdout, child.stderr]) {
			stream.setEncoding("utf8").on("data", (text: string) => {
				output += text;
			});
		}
		if (onLine) createInterface({ input: child.stdout }).on("line", onLine);
		child.once("error", (error) => finish(false, error.message));
		child.once("close", (code, signal) => {
			finish(code === 0, signal ? `killed by ${signal}` : `ended with ${code}`);
		});
	});
}

/** Ends every command that still runs, with its children. */
export function endCommands(): void {
	for (const child of running) endGroup(child, "SIGTERM");
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
	try {
		if (child.pid !== undefined) process.kill(-child.pid, signal);
	} catch {
		// It has ended by itself.
	}
}
