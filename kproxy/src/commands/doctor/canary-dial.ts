import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const TIMEOUT_MS = 10_000;

/** What to dial. */
export interface Dial {
	protocol: "tcp" | "udp";
	address: string;
	port: number;
}

/** Dials from a process in this cgroup; the result is what that process says. Rejects where it cannot be put there. */
export async function dialFrom(cgroup: string, { protocol, address, port }: Dial): Promise<string> {
	// The sources run as TypeScript, the package as JavaScript; the child needs neither of our imports.
	const file = import.meta.url.endsWith(".ts") ? "canary-child.ts" : "canary-child.js";
	const script = fileURLToPath(new URL(file, import.meta.url));
	const child = spawn(process.execPath, [script, protocol, address, String(port)], {
		stdio: ["pipe", "pipe", "inherit"],
		timeout: TIMEOUT_MS,
	});
	const closed = once(child, "close");
	try {
		const said = text(child.stdout);
		writeFileSync(join(cgroup, "cgroup.procs"), String(child.pid));
		child.stdin.end("go\n");
		return await said;
	} finally {
		child.kill();
		await closed;
	}
}
