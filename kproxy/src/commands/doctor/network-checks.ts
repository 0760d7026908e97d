import { readFileSync } from "node:fs";
import { type Ports, parsePorts, RESERVED_PORTS, subtractPorts } from "../../dataplane/reserved-ports.ts";
import type { Check } from "./check.ts";

const GROUP = "network";

/** Text of a file of /proc/sys, or undefined where it cannot be read; tests give their own. */
export type ReadSysctl = (path: string) => string | undefined;

/** Settings of the node's network that decide whether packets get where they should. */
export function checkNetwork(
	{ nodePorts, snatPorts }: { nodePorts: Ports; snatPorts: Ports },
	read: ReadSysctl = readSysctl,
): Check[] {
	return [
		checkForwarding("net.ipv4.ip_forward", read),
		checkForwarding("net.ipv6.conf.all.forwarding", read),
		checkSourceValidation(read),
		checkSnatPorts(snatPorts, read),
		checkNodePorts(nodePorts, read),
	];
}

function checkForwarding(name: string, read: ReadSysctl): Check {
	const value = read(pathOf(name))?.trim();
	const off = value === "0";
	return {
		group: GROUP,
		name,
		level: off ? "warn" : "ok",
		found: off ? "0: this node forwards no packets" : (value ?? "not readable here"),
		advice: off
			? `sysctl -w ${name}=1: NodePorts and pods without socket hook reach no backend behind a device otherwise`
			: undefined,
	};
}

/** Said because other load balancers ask for it to be off. */
function checkSourceValidation(read: ReadSysctl): Check {
	const value = read(pathOf("net.ipv4.conf.all.rp_filter"))?.trim();
	return {
		group: GROUP,
		name: "net.ipv4.conf.all.rp_filter",
		level: "ok",
		found:
			value === "1"
				? "1: strict, which does not matter: the kernel sees real addresses in both directions"
				: (value ?? "not readable here"),
	};
}

function checkSnatPorts(snatPorts: Ports, read: ReadSysctl): Check {
	const name = "source ports of translated flows";
	const local = localPorts(read);
	const shared = local ? overlap(subtractPorts([snatPorts], reserved(read)), local) : undefined;
	return {
		group: GROUP,
		name,
		level: shared ? "warn" : "ok",
		found: shared
			? `the kernel gives ${text(shared)} to sockets, too (net.ipv4.ip_local_port_range)`
			: `${text(snatPorts)}, apart from those that the kernel gives to sockets`,
		advice: shared
			? `run with other --snat-ports, or sysctl -w net.ipv4.ip_local_port_range="${local?.first} ${snatPorts.first - 1}"`
			: undefined,
	};
}

function checkNodePorts(nodePorts: Ports, read: ReadSysctl): Check {
	const local = localPorts(read);
	const shared = local ? overlap(subtractPorts([nodePorts], reserved(read)), local) : undefined;
	return {
		group: GROUP,
		name: "NodePorts",
		level: shared ? "warn" : "ok",
		found: shared
			? `the kernel gives ${text(shared)} to sockets, too, and they are not in net.ipv4.ip_local_reserved_ports`
			: `${text(nodePorts)}, which the kernel gives to no socket by itself`,
		advice: shared
			? "kproxy run reserves them; before that, replies to such sockets may be taken for dials of a NodePort"
			: undefined,
	};
}

function localPorts(read: ReadSysctl): Ports | undefined {
	const [first, last] = (read(pathOf("net.ipv4.ip_local_port_range")) ?? "").trim().split(/\s+/).map(Number);
	return first && last ? { first, last } : undefined;
}

function reserved(read: ReadSysctl): Ports[] {
	return parsePorts(read(RESERVED_PORTS) ?? "");
}

/** The first ports that both have. */
function overlap(ranges: readonly Ports[], other: Ports): Ports | undefined {
	return ranges
		.map(({ first, last }) => ({ first: Math.max(first, other.first), last: Math.min(last, other.last) }))
		.find(({ first, last }) => first <= last);
}

function text({ first, last }: Ports): string {
	return `${first}-${last}`;
}

function pathOf(name: string): string {
	return `/proc/sys/${name.replaceAll(".", "/")}`;
}

function readSysctl(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return undefined;
	}
}
