import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { FromGuest, ToGuest } from "../guest/protocol.ts";
import { QEMU, type QemuOptions, qemuArguments } from "./qemu.ts";

/** The emulator looks each jump up in a table of its own, by far too large for small pages: see README.md for what that costs. */
const HUGE_PAGES = { GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" };

/** What a guest is made of, where its console is written to, and how long it may take. */
export interface GuestOptions extends QemuOptions {
	console: string;
	/** Until it takes commands. */
	bootMs?: number;
	/** Without a sign of life. */
	silenceMs?: number;
}

/** How a guest failed. `hang`: not a word for `silenceMs`; `timeout`: it is alive, and takes too long. */
export type GuestFault = "panic" | "hang" | "timeout" | "ended";

/** The guest is gone. The message is one line; `console` has the last lines that its kernel wrote. */
export class GuestError extends Error {
	readonly fault: GuestFault;
	readonly console: readonly string[];

	constructor(fault: GuestFault, message: string, console: readonly string[]) {
		super(message);
		this.fault = fault;
		this.console = console;
	}
}

/** How a command in a guest ended. */
export interface Ended {
	how: string;
	code: number | null;
}

type OnLine = (text: string, stream: "stdout" | "stderr") => void;

const BOOT_MS = 180_000;
/** A guest says that it is alive every second by its own clock, which is ten and more by that of a busy host. */
const SILENCE_MS = 300_000;
const LAST_LINES = 25;

const running = new Set<ChildProcess>();
// QEMU goes on without the process that started it.
process.on("exit", () => {
	for (const child of running) child.kill("SIGKILL");
});

/** A virtual machine that runs commands, one at a time. */
export class Guest {
	readonly #child: ChildProcess;
	readonly #consolePath: string;
	readonly #silenceMs: number;
	#heardMs = performance.now();
	#listen: (event: FromGuest) => void = () => {};
	#failure: GuestError | undefined;
	#fail: (error: GuestError) => void = () => {};
	#stderr = "";

	/** Resolves once the guest takes commands. Rejects with GuestError. */
	static async boot(options: GuestOptions): Promise<Guest> {
		const guest = new Guest(options);
		const isReady = (event: FromGuest) => (event.event === "ready" ? true : undefined);
		await guest.#until(isReady, options.bootMs ?? BOOT_MS);
		return guest;
	}

	private constructor(options: GuestOptions) {
		this.#consolePath = options.console;
		this.#silenceMs = options.silenceMs ?? SILENCE_MS;
		this.#child = spawn(QEMU, qemuArguments(options), {
			stdio: ["pipe", "pipe", "pipe"],
			env: { ...process.env, ...HUGE_PAGES },
		});
		running.add(this.#child);
		this.#child.once("exit", () => running.delete(this.#child));
		// Written to a guest that has gone: its end is told by the exit below.
		this.#child.stdin?.on("error", () => {});
		this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
			this.#stderr += text;
		});
		this.#child.once("error", (error) => this.#end("ended", `QEMU does not start: ${error.message}`));
		this.#child.once("exit", (code, signal) => this.#exited(signal ?? `${code}`));
		if (this.#child.stdout)
			createInterface({ input: this.#child.stdout }).on("line", (line) => this.#hear(line));
	}

	/** Runs a command to its end. Rejects with GuestError, after which the guest is gone. */
	run(
		command: readonly string[],
		{ timeoutMs, onLine }: { timeoutMs: number; onLine: OnLine },
	): Promise<Ended> {
		const request: ToGuest = { command };
		this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
		return this.#until((event) => {
			if (event.event === "line") onLine(event.text, event.stream);
			return event.event === "ended" ? { how: event.how, code: event.code } : undefined;
		}, timeoutMs);
	}

	/** Ends it at once: nothing in it is worth keeping. */
	close(): void {
		this.#child.kill("SIGKILL");
	}

	/** Waits for an event that `find` makes something of, and watches over the guest meanwhile. */
	#until<T>(find: (event: FromGuest) => T | undefined, timeoutMs: number): Promise<T> {
		if (this.#failure) return Promise.reject(this.#failure);
		const startedMs = performance.now();
		this.#heardMs = startedMs;
		return new Promise((resolve, reject) => {
			const timer = setInterval(() => {
				const nowMs = performance.now();
				if (nowMs - startedMs > timeoutMs) this.#end("timeout", `took longer than ${timeoutMs / 1000} s`);
				else if (nowMs - this.#heardMs > this.#silenceMs)
					this.#end("hang", `no sign of life for ${this.#silenceMs / 1000} s`);
			}, 500);
			this.#fail = (error) => {
				clearInterval(timer);
				reject(error);
			};
			this.#listen = (event) => {
				const found = find(event);
				if (found === undefined) return;
				clearInterval(timer);
				this.#listen = () => {};
				resolve(found);
			};
		});
	}

	#hear(line: string): void {
		this.#heardMs = performance.now();
		if (line.startsWith("{")) this.#listen(JSON.parse(line) as FromGuest);
	}

	#exited(how: string): void {
		const panic = this.#console().find((line) => /Kernel panic|Oops|BUG:/.test(line));
		if (panic) this.#end("panic", panic.replace(/^\[[^\]]*\] */, ""));
		else this.#end("ended", `QEMU ended with ${how}: ${this.#stderr.trim().split("\n").at(-1) ?? ""}`);
	}

	#end(fault: GuestFault, message: string): void {
		if (this.#failure) return;
		this.#failure = new GuestError(fault, message, this.#console().slice(-LAST_LINES));
		this.close();
		this.#fail(this.#failure);
	}

	#console(): string[] {
		try {
			return readFileSync(this.#consolePath, "utf8").replaceAll("\r", "").trimEnd().split("\n");
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
			throw error;
		}
	}
}
