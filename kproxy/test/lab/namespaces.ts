import { existsSync } from "node:fs";
import { run } from "./run.ts";

/** Where `ip netns add` keeps network namespaces by name. */
export const NETNS_DIR = "/run/netns";

/** A network namespace with its loopback up. Traffic in it goes nowhere else. */
export class Namespace {
	readonly name: string;
	readonly path: string;

	constructor(name: string) {
		this.name = name;
		this.path = `${NETNS_DIR}/${name}`;
		run("ip", ["netns", "add", name]);
		this.sysctl("net.ipv6.conf.all.disable_ipv6", 0);
		this.ip(["link set lo up"]);
	}

	/** Runs lines of `ip` in here, such as `addr add 192.0.2.1/32 dev lo`, in one process. */
	ip(lines: readonly string[]): void {
		run("ip", ["-n", this.name, "-batch", "-"], `${lines.join("\n")}\n`);
	}

	/** Sets a kernel setting of this namespace, such as `net.ipv4.ip_forward`. One that this kernel lacks is left alone. */
	sysctl(name: string, value: number): void {
		const path = `/proc/sys/${name.replaceAll(".", "/")}`;
		run("nsenter", [
			`--net=${this.path}`,
			"--",
			"sh",
			"-c",
			'[ ! -e "$0" ] || echo "$1" > "$0"',
			path,
			String(value),
		]);
	}

	/** Removes it with all its links. */
	delete(): void {
		if (existsSync(this.path)) run("ip", ["netns", "delete", this.name]);
	}
}
