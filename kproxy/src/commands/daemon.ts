import { existsSync } from "node:fs";
import { directoryLockHolder } from "bpf-loader";
import { askDaemon, daemonSocketPath } from "../serve/daemon-socket.ts";
import type { DaemonFrontends, DaemonStatus } from "../serve/daemon-status.ts";

/** What is known of the daemon of a bpffs directory. */
export interface DaemonView {
	/** Its process holds the lock of the directory. */
	running: boolean;
	/** Undefined where it does not run, or in a PID namespace that we cannot see into. */
	pid: number | undefined;
	/** What it says of itself; undefined where it does not answer. */
	status: DaemonStatus | undefined;
}

/** Who runs on this directory, and what it says. Never rejects for a daemon that is not there. */
export async function viewDaemon(bpffs: string): Promise<DaemonView> {
	const holder = existsSync(bpffs) ? directoryLockHolder(bpffs) : undefined;
	if (holder === undefined) {
		return { running: false, pid: undefined, status: undefined };
	}
	// Our own daemon wrote it; a field that an older one does not have is undefined.
	const status = (await askDaemon(daemonSocketPath(bpffs), "/status")) as DaemonStatus | undefined;
	return { running: true, pid: status?.pid ?? holder.pid, status };
}

/** Its two views of the frontends; undefined where no daemon answers. */
export async function askFrontends(bpffs: string): Promise<DaemonFrontends | undefined> {
	if (!existsSync(bpffs)) {
		return undefined;
	}
	return (await askDaemon(daemonSocketPath(bpffs), "/frontends")) as DaemonFrontends | undefined;
}
