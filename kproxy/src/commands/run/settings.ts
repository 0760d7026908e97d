import { hostname } from "node:os";
import type { LocalDetection, MappedConfig } from "../../config/map-config.ts";
import { readConfig } from "../../config/read-config.ts";
import { type CgroupDirectory, findCgroup } from "../../dataplane/cgroup-root.ts";
import type { DataplaneOptions } from "../../dataplane/open-dataplane.ts";
import type { MapName } from "../../dataplane/service-maps.ts";
import type { ModelOptions } from "../../model/model.ts";
import { KINDS, SERVICE_KINDS } from "../../model/objects.ts";
import type { PolicySettings } from "../../policy-pipeline.ts";
import { parseBindAddress } from "../../serve/listen.ts";
import { LOG_LEVELS, type LogLevel } from "../../serve/logger.ts";
import type { Source } from "../../watch/source.ts";
import { type OptionValues, type Terminal, usageError } from "../command.ts";
import { createSources } from "../sources.ts";
import { type NetworkSettings, readNetwork } from "./network-settings.ts";
import type { runOptions } from "./options.ts";

const HEALTHZ_PORT = 10256;
const METRICS_PORT = 10249;
const HEALTHZ_ADDRESS = `0.0.0.0:${HEALTHZ_PORT}`;
const METRICS_ADDRESS = `127.0.0.1:${METRICS_PORT}`;
/** As kube-proxy's default. */
const SYNC_PERIOD_MS = 30_000;
/** The maps that each option gives its size. */
const SIZED_MAPS = {
	"max-frontends": ["svc_frontends"],
	"max-backends": ["svc_backends"],
	"max-slots": ["svc_slots"],
	"max-services": ["svc_names"],
	"max-flows": ["conntrack", "conntrack_reply", "policy_flows"],
	"max-datagram-peers": ["sock_reverse"],
	"max-affinities": ["svc_affinity"],
	"max-policy-rules": ["policy_rules"],
} as const satisfies Partial<Record<keyof Values, readonly MapName[]>>;
/** Maps with as much room for the generation that is being written as for the one that is enforced. */
const TWICE: readonly MapName[] = ["policy_rules"];

/** What the command line and the configuration ask of the daemon, checked. */
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
	network: NetworkSettings;
	/** Undefined: NetworkPolicies are not enforced. */
	policy: PolicySettings | undefined;
	/** How clients in the cluster are told from those outside. */
	detection: LocalDetection;
	/** NodePorts on the loopback addresses of IPv4, where `network.nodePortAddresses` has them. */
	localhostNodePorts: boolean;
	/** Two of these without a sync, while changes wait, and the daemon is unhealthy. */
	syncPeriodMs: number;
	/** Of the daemon's process; undefined: as it is. */
	oomScoreAdj: number | undefined;
	/** Fields of the configuration that are set and have no meaning here. */
	ignoredFields: readonly string[];
}

interface BindAddress {
	host: string;
	port: number;
}

type Values = OptionValues<typeof runOptions>;

/** Throws BpfError `USAGE` for what cannot be meant, `NO_CGROUP2` and `NOT_CGROUP2`; changes nothing. */
export async function readSettings(given: Values, terminal: Terminal): Promise<Settings> {
	const config = given.config === undefined ? undefined : readConfig(given.config);
	const { values, spell } = merge(given, config);
	return {
		nodeName: nodeNameOf(values),
		once: values.once,
		bpffs: values.bpffs,
		healthz: values.once
			? undefined
			: bindAddress(values["healthz-bind-address"] ?? HEALTHZ_ADDRESS, {
					option: spell("healthz-bind-address"),
					port: HEALTHZ_PORT,
				}),
		metrics: values.once
			? undefined
			: bindAddress(values["metrics-bind-address"] ?? METRICS_ADDRESS, {
					option: spell("metrics-bind-address"),
					port: METRICS_PORT,
				}),
		sizes: readSizes(values),
		network: readNetwork(values, spell),
		policy: readPolicy(values),
		...readConfigOnly(config),
		sources: await createSources(values, {
			env: terminal.env,
			nodeName: nodeNameOf(values),
			kinds: values.policy ? KINDS : SERVICE_KINDS,
		}),
		log: readLog(values, { terminal, spell }),
		cgroup: findCgroup(values.cgroup),
	};
}

/** What the model has to know of this node. */
export function modelOptions({ nodeName, network }: Pick<Settings, "nodeName" | "network">): ModelOptions {
	const { nodeIps, nodePorts } = network;
	return { nodeName, nodePortRange: nodePorts, ...(nodeIps.length > 0 && { nodeIPs: nodeIps }) };
}

/** What of policy needs `--policy`, in the order of the flags. */
const POLICY_FLAGS = [
	"policy-unknown-pods",
	"policy-established",
	"policy-events",
	"max-policy-rules",
] as const;

function readPolicy(values: Values): PolicySettings | undefined {
	if (!values.policy) {
		const [flag] = POLICY_FLAGS.filter((name) => values[name] !== undefined);
		if (flag) throw usageError(`--${flag} has no meaning without --policy`);
		return undefined;
	}
	return {
		unknownAllowed: values["policy-unknown-pods"] === "allow",
		recheck: values["policy-established"] === "recheck",
		noteFlows: values["policy-events"] === "all",
	};
}

function nodeNameOf(values: Values): string {
	return (values["node-name"] ?? hostname()).trim().toLowerCase();
}

/** What no flag has. */
function readConfigOnly(
	config: MappedConfig | undefined,
): Pick<Settings, "detection" | "localhostNodePorts" | "syncPeriodMs" | "oomScoreAdj" | "ignoredFields"> {
	return {
		detection: config?.detection ?? { mode: "ClusterCIDR" },
		localhostNodePorts: config?.localhostNodePorts ?? true,
		syncPeriodMs: config?.syncPeriodMs ?? SYNC_PERIOD_MS,
		oomScoreAdj: config?.oomScoreAdj,
		ignoredFields: config?.ignored ?? [],
	};
}

/** Flags win over the file; `spell` says where a value is from. */
function merge(
	given: Values,
	config: MappedConfig | undefined,
): { values: Values; spell: (option: string) => string } {
	const flags: Record<string, unknown> = { ...config?.flags };
	// A directory of manifests is a source of its own: the file's cluster is then not meant.
	if (given.manifests !== undefined) delete flags.kubeconfig;
	const fromFlags = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
	return {
		values: { ...given, ...flags, ...fromFlags } as Values,
		spell: (option) => {
			const field = fromFlags[option] === undefined ? config?.origins[option] : undefined;
			return field === undefined ? `--${option}` : `--config ${given.config}: ${field}`;
		},
	};
}

function readLog(
	values: Values,
	{ terminal, spell }: { terminal: Terminal; spell: (option: string) => string },
): Settings["log"] {
	const format: string | undefined = values["log-format"];
	if (format !== undefined && format !== "json" && format !== "text") {
		throw usageError(`${spell("log-format")} cannot be ${JSON.stringify(format)}: choose one of json, text`);
	}
	return {
		level: LOG_LEVELS.find((level) => level === values["log-level"]) ?? "info",
		colour: terminal.errorReader.colour,
		format: format ?? (terminal.errorReader.person ? "text" : "json"),
	};
}

function bindAddress(
	text: string,
	{ option, port }: { option: string; port: number },
): BindAddress | undefined {
	if (text === "") {
		return undefined;
	}
	const address = parseBindAddress(text, port);
	if (address === undefined) {
		throw usageError(
			`${option} cannot be ${JSON.stringify(text)}`,
			"write ADDRESS:PORT, as in 127.0.0.1:10256",
		);
	}
	return address;
}

function readSizes(values: Values): Settings["sizes"] {
	const sizes = Object.entries(SIZED_MAPS).map(([name, maps]) => {
		const entries = values[name as keyof typeof SIZED_MAPS];
		return maps.map((map) => {
			const times = TWICE.includes(map) ? 2 : 1;
			const most = 2 ** 31 / times;
			if (entries !== undefined && (entries < 1 || entries > most)) {
				throw usageError(`--${name} takes a number above 0 and up to ${most}, not ${entries}`);
			}
			return [map, entries && entries * times] as const;
		});
	});
	return Object.fromEntries(sizes.flat());
}
