import { mkdirSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { type Listener, listen, type Routes } from "./listen.ts";

// Not imported for the reason given in listen.ts.
const { request } = process.getBuiltinModule("node:http");

/** Where the sockets of running daemons are; only root reads it. */
export const RUN_DIRECTORY = "/run/kproxy";

/**
 * The socket on which the daemon of this bpffs directory answers the CLI. Named for the directory's own identity,
 * because two mounts may have one path. A socket and not the healthz port: that one is open to the network.
 */
export function daemonSocketPath(bpffs: string, runDirectory: string = RUN_DIRECTORY): string {
	return `${daemonFile(bpffs, runDirectory)}.sock`;
}

/** Where the daemon of this bpffs directory notes which ports it has reserved. */
export function reservedPortsNote(bpffs: string, runDirectory: string = RUN_DIRECTORY): string {
	return `${daemonFile(bpffs, runDirectory)}.ports`;
}

function daemonFile(bpffs: string, runDirectory: string): string {
	const { dev, ino } = statSync(bpffs);
	return `${runDirectory}/bpffs-${dev}-${ino}`;
}

/** Listens for the CLI. Whoever calls holds the lock of `bpffs`, so a socket that exists is a dead daemon's. */
export async function listenToCli(path: string, routes: Routes): Promise<Listener> {
	mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
	rmSync(path, { force: true });
	return listen("CLI socket", { path }, routes);
}

/** Asks the daemon on this socket; undefined where none answers. Rejects only for an answer that is no JSON. */
export function askDaemon(path: string, route: string, timeoutMs = 5000): Promise<unknown> {
	return new Promise((resolve, reject) => {
		const asked = request({ socketPath: path, path: route, timeout: timeoutMs }, (response) => {
			const parts: Buffer[] = [];
			response.on("data", (part: Buffer) => parts.push(part));
			response.on("end", () => {
				try {
					resolve(
						response.statusCode === 200 ? JSON.parse(Buffer.concat(parts).toString("utf8")) : undefined,
					);
				} catch (error) {
					reject(error);
				}
			});
		});
		asked.on("timeout", () => asked.destroy());
		asked.on("error", () => resolve(undefined));
		asked.end();
	});
}
