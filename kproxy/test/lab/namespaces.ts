import { existsSync } from "node:fs";
import { run } from "./run.ts";

/** Where `ip netns add` keeps network namespaces by name. */
export const NETNS_DIR = "/run/netns";

/** Kernel settings by name, such as `net.ipv4.ip_forward`. */
export type Sysctls = Readonly<Record<string, number | string>>;

/**
 * What a new namespace would take over from the machine, or would wait for: reverse path filters, and the second that
 * IPv6 takes to find out that no other link has its address.
 */
const PREPARED: Sysctls = {
	"net.ipv4.ip_forward": 0,
	"net.ipv4.conf.all.rp_filter": 0,
	"net.ipv4.conf.default.rp_filter": 0,
	"net.ipv4.conf.lo.rp_filter": 0,
	"net.ipv6.conf.all.disable_ipv6": 0,
	"net.ipv6.conf.default.disable_ipv6": 0,
	"net.ipv6.conf.default.accept_dad": 0,
	"net.ipv6.conf.default.accept_ra": 0,
};

/** A network namespace with its loopback up. Traffic in it goes nowhere else. */
export class Namespace {
	readonly name: string;
	readonly path: string;

	constructor(name: string, sysctls: Sysctls = {}) {
		this.name = name;
		this.path = `${NETNS_DIR}/${name}`;
		const enter = 'ip netns add "$1" && exec nsenter --net="$2" -- sh';
		const script = [...toScript({ ...PREPARED, ...sysctls }), "ip link set lo up"].join("\n");
		run("sh", ["-c", enter, "sh", name, this.path], script);
	}

	/** Runs lines of `ip` in here, such as `addr add 192.0.2.1/32 dev lo`, in one process. */
	ip(lines: readonly string[]): void {
		run("ip", ["-n", this.name, "-batch", "-"], `${lines.join("\n")}\n`);
	}

	/** Sets a kernel setting of this namespace, such as `net.ipv4.ip_forward`. One that this kernel lacks is left alone. */
	sysctl(name: string, value: number | string): void {
		this.sysctls({ [name]: value });
	}

	/** Sets many, in one process. A `*` in a name stands for every device. */
	sysctls(values: Sysctls): void {
		this.run("sh", ["-e"], toScript(values).join("\n"));
	}

	/** Runs a command in here to its end; the result is what it printed. */
	run(command: string, args: readonly string[], input = ""): string {
		return run("nsenter", [`--net=${this.path}`, "--", command, ...args], input);
	}

	/** A device's own address on its link, `aa:bb:cc:dd:ee:ff`. */
	mac(device = "eth0"): string {
		const [link] = JSON.parse(run("ip", ["-n", this.name, "-json", "link", "show", "dev", device]));
		return link.address;
	}

	/** Removes it with all its links. */
	delete(): void {
		if (existsSync(this.path)) run("ip", ["netns", "delete", this.name]);
	}
}

/** The shell expands a `*` and leaves a pattern that fits nothing as it is: then there is no such file. */
function toScript(values: Sysctls): string[] {
	return Object.entries(values).map(([name, value]) => {
		const path = `/proc/sys/${name.replaceAll(".", "/")}`;
		return `for path in ${path}; do [ ! -e "$path" ] || echo ${value} >"$path"; done`;
	});
}
