/** Runs in a guest: does what the host asks for on the second serial line, one command after the other. */
import { spawn } from "node:child_process";
import { setPriority } from "node:os";
import { createInterface } from "node:readline";
import type { FromGuest, ToGuest } from "./protocol.ts";

/** So that the host can tell a long test from a guest that stands still. */
const ALIVE_MS = 1_000;

const say = (event: FromGuest) => process.stdout.write(`${JSON.stringify(event)}\n`);

// Before all that it runs: the host must hear that the guest is alive however busy it is.
setPriority(-20);
say({ event: "ready" });
setInterval(() => say({ event: "alive" }), ALIVE_MS);
for await (const line of createInterface({ input: process.stdin })) {
	await run(JSON.parse(line) as ToGuest);
}

/** Resolves once the command has ended. */
function run({ command }: ToGuest): Promise<void> {
	const child = spawn("nice", ["-n", "20", ...command], { stdio: ["ignore", "pipe", "pipe"] });
	for (const stream of ["stdout", "stderr"] as const) {
		createInterface({ input: child[stream] }).on("line", (text) => say({ event: "line", stream, text }));
	}
	return new Promise((resolve) => {
		const end = (how: string, code: number | null) => {
			say({ event: "ended", how, code });
			resolve();
		};
		child.once("error", (error) => end(error.message, null));
		child.once("close", (code, signal) => end(signal ? `killed by ${signal}` : `ended with ${code}`, code));
	});
}
