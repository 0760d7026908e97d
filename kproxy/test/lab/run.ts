import { spawnSync } from "node:child_process";
import { uptime } from "node:os";

/** Runs a command to its end; throws an error that carries what it said. `input` goes to its stdin. */
export function run(command: string, args: readonly string[], input = ""): string {
	const result = spawnSync(command, args, { input, encoding: "utf8", timeout: 30_000 });
	if (result.error)
		throw new Error(`${command} cannot be run: ${result.error.message}`, { cause: result.error });
	if (result.status !== 0) {
		throw new Error(
			`${command} ${args.join(" ")}: ${result.stderr.trim() || `ended with ${result.status ?? result.signal}`}`,
		);
	}
	return result.stdout;
}

/** Blocks this thread: for clean-up that must finish before the process exits. */
export function pause(ms: number): void {
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Waits until the machine has run for this long: before, its monotonic clock knows no time that long ago. */
export async function upFor(seconds: number): Promise<void> {
	const leftMs = (seconds - uptime()) * 1000;
	if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
}
