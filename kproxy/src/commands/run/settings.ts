import { hostname } from "node:os";
import { type CgroupDirectory, findCgroup } from "../../dataplane/cgroup-root.ts";
import type { DataplaneOptions } from "../../dataplane/open-dataplane.ts";
import { parseBindAddress } from "../../serve/listen.ts";
import type { LogLevel } from "../../serve/logger.ts";
import type { Source } from "../../watch/source.ts";
import { type OptionValues, type Terminal, usageError } from "../command.ts";
import { createSources } from "../sources.ts";
import type { runOptions } from "./options.ts";

const HEALTHZ_PORT = 10256;
const METRICS_PORT = 10249;

/** What the command line asks of the daemon, checked. */
export interface Settings {
	nodeName: string;
	once: boolean;
	bpffs: string;
	cgroup: CgroupDirectory;
	sizes: NonNullable<DataplaneOptions["sizes"]>;
	sources: readonly Source[];
	/** Undefined: do not serve. */
	healthz: BindAddress | undefined;
	metrics: BindAddress | undefined;
	log: { level: LogLevel; format: "json" | "text"; colour: boolean };
}

interface BindAddress {
	host: string;
	port: number;
}

/** Throws BpfError `USAGE` for what cannot be meant, `NO_CGROUP2` and `NOT_CGROUP2`; changes nothing. */
export async function readSettings(
	values: OptionValues<typeof runOptions>,
	terminal: Terminal,
): Promise<Settings> {
	return {
		nodeName: (values["node-name"] ?? hostname()).trim().toLowerCase(),
		once: values.once,
		bpffs: values.bpffs,
		healthz: values.once ? undefined : bindAddress("healthz-bind-address", values, HEALTHZ_PORT),
		metrics: values.once ? undefined : bindAddress("metrics-bind-address", values, METRICS_PORT),
		sizes: {
			svc_frontends: size("max-frontends", values),
			svc_backends: size("max-backends", values),
			svc_slots: size("max-slots", values),
			svc_names: size("max-services", values),
		},
		sources: await createSources(values, terminal.env),
		log: {
			level: values["log-level"],
			colour: terminal.errorReader.colour,
			format: values["log-format"] ?? (terminal.errorReader.person ? "text" : "json"),
		},
		cgroup: findCgroup(values.cgroup),
	};
}

function bindAddress(
	name: "healthz-bind-address" | "metrics-bind-address",
	values: OptionValues<typeof runOptions>,
	defaultPort: number,
): BindAddress | undefined {
	const text = values[name];
	if (text === "") {
		return undefined;
	}
	const address = parseBindAddress(text, defaultPort);
	if (address === undefined) {
		throw usageError(
			`--${name} cannot be ${JSON.stringify(text)}`,
			"write ADDRESS:PORT, as in 127.0.0.1:10256",
		);
	}
	return address;
}

function size(
	name: "max-frontends" | "max-backends" | "max-slots" | "max-services",
	values: OptionValues<typeof runOptions>,
): number | undefined {
	const entries = values[name];
	if (entries !== undefined && (entries < 1 || entries > 2 ** 31)) {
		throw usageError(`--${name} takes a number above 0 and up to ${2 ** 31}, not ${entries}`);
	}
	return entries;
}
