import { existsSync, rmSync } from "node:fs";
import { BpfError, directoryLockHolder } from "bpf-loader";
import { pinLayout } from "../../dataplane/bpffs.ts";
import { findRemovable, type Removable, removeDataplane } from "../../dataplane/remove-dataplane.ts";
import {
	findReservedPorts,
	formatPorts,
	type ReservedPortsPaths,
	releasePorts,
} from "../../dataplane/reserved-ports.ts";
import { daemonSocketPath, reservedPortsNote } from "../../serve/daemon-socket.ts";
import { ExitCode, type Handler } from "../command.ts";
import { formatJson } from "../table.ts";
import { isAgreed } from "./agree.ts";
import { cleanKubeProxy } from "./clean-kube-proxy.ts";
import type { cleanupOptions } from "./options.ts";

export const runCleanup: Handler<typeof cleanupOptions> = async (values, terminal) => {
	if (values["kube-proxy"]) return cleanKubeProxy(values, terminal);
	const layout = pinLayout(values.bpffs);
	const notes = findNotes(layout.directory);
	const found = {
		...findRemovable(layout),
		sockets: findSockets(layout.directory),
		ports: notes.flatMap(findReservedPorts).map((range) => formatPorts([range])),
	};
	const empty = Object.values(found).every((paths) => paths.length === 0);
	const isJson = values.output === "json";
	if (!isJson) {
		terminal.out(empty ? `nothing of kproxy is at ${layout.directory}\n` : formatRemovable(found));
	}
	const removes = !empty && !values["dry-run"];
	if (removes) {
		refuseBesideDaemon(layout.directory, values.force);
		if (
			!values.yes &&
			!(await isAgreed(terminal, "Remove all of this? Services are then not served. [y/N] "))
		) {
			terminal.error("nothing was removed\n");
			return ExitCode.DIFFERS;
		}
		notes.map(releasePorts);
		removeDataplane(found);
		for (const path of found.sockets) {
			rmSync(path, { force: true });
		}
	}
	terminal.out(isJson ? formatJson({ ...found, removed: removes }) : removes ? "removed\n" : "");
	return ExitCode.OK;
};

/** A daemon that was killed leaves its socket. */
function findSockets(bpffs: string): string[] {
	return existsSync(bpffs) ? [daemonSocketPath(bpffs)].filter(existsSync) : [];
}

/** Our part of the ports that the kernel gives to nobody by itself; none where no daemon has noted any. */
function findNotes(bpffs: string): ReservedPortsPaths[] {
	const notePath = existsSync(bpffs) ? reservedPortsNote(bpffs) : undefined;
	return notePath !== undefined && existsSync(notePath) ? [{ notePath }] : [];
}

function formatRemovable({
	filters,
	links,
	maps,
	directories,
	sockets,
	ports,
}: Removable & { sockets: string[]; ports: string[] }): string {
	return [
		...filters.map(
			({ ifindex, direction }) => `detach             tc filter at ${direction} of device ${ifindex}\n`,
		),
		...links.map((path) => `detach and unpin   ${path}\n`),
		...maps.map((path) => `unpin              ${path}\n`),
		...directories.map((path) => `remove if empty    ${path}\n`),
		...sockets.map((path) => `remove             ${path}\n`),
		...ports.map((range) => `release            ports ${range} of net.ipv4.ip_local_reserved_ports\n`),
	].join("");
}

/** A daemon whose pins are gone goes on writing maps that no program reads. */
function refuseBesideDaemon(directory: string, force: boolean): void {
	const holder = existsSync(directory) ? directoryLockHolder(directory) : undefined;
	if (holder !== undefined && !force) {
		const who = holder.pid === undefined ? "a kproxy daemon" : `a kproxy daemon (process ${holder.pid})`;
		throw new BpfError(`${who} runs on ${directory}`, {
			code: "DAEMON_RUNS",
			operation: "remove",
			object: directory,
			hint: "stop it first; with --force it goes on without a dataplane until it is restarted",
		});
	}
}
