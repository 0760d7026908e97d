import { isIPv6 } from "node:net";
import { configError } from "./config-error.ts";
import { FIELDS } from "./fields.ts";
import { type ConfigFields, durationMs } from "./parse-config.ts";

/** How kube-proxy tells a client in the cluster from one outside, as `detectLocalMode` names it. */
export type LocalDetection =
	| { mode: "ClusterCIDR" | "NodeCIDR" }
	| { mode: "BridgeInterface"; device: string }
	| { mode: "InterfaceNamePrefix"; prefix: string };

/** Values for flags of `kproxy run` by the flag's name, as the configuration has them. */
export type FlagValues = Partial<
	Record<
		"kubeconfig" | "node-name" | "healthz-bind-address" | "metrics-bind-address" | "log-format" | "log-level",
		string
	> &
		Record<"node-ip" | "cluster-cidr" | "node-port-addresses", readonly string[]> & {
			"udp-timeout": number;
			"masquerade-all": boolean;
		}
>;

/** What a KubeProxyConfiguration means here. */
export interface MappedConfig {
	flags: FlagValues;
	/** The field that a flag's value comes from, for messages. */
	origins: Readonly<Record<string, string>>;
	detection: LocalDetection;
	/** NodePorts on the loopback addresses of IPv4. */
	localhostNodePorts: boolean;
	/** Undefined: the default. */
	syncPeriodMs: number | undefined;
	/** Undefined: as it is. */
	oomScoreAdj: number | undefined;
	/** Fields that are set and have no meaning here. */
	ignored: readonly string[];
}

type Mode = "iptables" | "ipvs" | "nftables";

/** Maps checked fields. Throws BpfError `USAGE` where a value cannot be meant. */
export function mapConfig(fields: ConfigFields, file: string): MappedConfig {
	const mode = readMode(fields, file);
	const detection = readDetection(fields, file);
	const flags: Record<string, unknown> = {};
	const origins: Record<string, string> = {};
	for (const { flag, path, value } of flagValues(fields, { mode, detection })) {
		if (value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) continue;
		flags[flag] = value;
		origins[flag] = path;
	}
	return {
		flags: flags as FlagValues,
		origins,
		detection,
		localhostNodePorts: mode === "iptables" && fields.get("iptables.localhostNodePorts") !== false,
		syncPeriodMs: durationMs(fields, `${mode}.syncPeriod`) || undefined,
		oomScoreAdj: readOomScore(fields, file),
		ignored: ignoredFields(fields, detection),
	};
}

/** Where each flag's value comes from. A later row wins. */
function flagValues(
	fields: ConfigFields,
	{ mode, detection }: { mode: Mode; detection: LocalDetection },
): { flag: keyof FlagValues; path: string; value: unknown }[] {
	const text = (path: string) => fields.get(path) as string | undefined;
	const bind = text("bindAddress") ?? "";
	const verbosity = fields.get("logging.verbosity") as number | undefined;
	const udpMs = durationMs(fields, "conntrack.udpStreamTimeout");
	const masquerade = mode === "nftables" ? "nftables.masqueradeAll" : "iptables.masqueradeAll";
	return [
		{ flag: "kubeconfig", path: "clientConnection.kubeconfig", value: text("clientConnection.kubeconfig") },
		{ flag: "node-name", path: "hostnameOverride", value: text("hostnameOverride") },
		{
			flag: "node-ip",
			path: "bindAddress",
			value: bind === "" || bind === "0.0.0.0" || /^[0:]+$/.test(bind) ? undefined : [bind],
		},
		// kube-proxy's defaults have the family of its bind address.
		{ flag: "healthz-bind-address", path: "bindAddress", value: isIPv6(bind) ? "[::]:10256" : undefined },
		{ flag: "metrics-bind-address", path: "bindAddress", value: isIPv6(bind) ? "[::1]:10249" : undefined },
		{ flag: "healthz-bind-address", path: "healthzBindAddress", value: text("healthzBindAddress") },
		{ flag: "metrics-bind-address", path: "metricsBindAddress", value: text("metricsBindAddress") },
		{
			flag: "cluster-cidr",
			path: "clusterCIDR",
			value: detection.mode === "ClusterCIDR" ? splitList(text("clusterCIDR")) : undefined,
		},
		{ flag: "node-port-addresses", path: "mode", value: mode === "nftables" ? ["primary"] : undefined },
		{ flag: "node-port-addresses", path: "nodePortAddresses", value: fields.get("nodePortAddresses") },
		{
			flag: "udp-timeout",
			path: "conntrack.udpStreamTimeout",
			value: udpMs ? Math.ceil(udpMs / 1000) : undefined,
		},
		{ flag: "masquerade-all", path: masquerade, value: fields.get(masquerade) },
		{ flag: "log-format", path: "logging.format", value: text("logging.format") },
		{
			flag: "log-level",
			path: "logging.verbosity",
			value: verbosity === undefined ? undefined : verbosity >= 4 ? "debug" : "info",
		},
	];
}

function splitList(text: string | undefined): string[] {
	return (text ?? "")
		.split(",")
		.map((part) => part.trim())
		.filter((part) => part !== "");
}

function readMode(fields: ConfigFields, file: string): Mode {
	const mode = fields.get("mode") || "iptables";
	if (mode === "iptables" || mode === "ipvs" || mode === "nftables") return mode;
	throw configError(file, `mode is ${JSON.stringify(mode)}; it must be iptables, ipvs or nftables`);
}

function readDetection(fields: ConfigFields, file: string): LocalDetection {
	const mode = String(fields.get("detectLocalMode") || "ClusterCIDR");
	const named = (path: string): string => {
		const text = fields.get(path);
		if (typeof text === "string" && text !== "") return text;
		throw configError(file, `detectLocalMode is ${mode}, so ${path} must be set`);
	};
	switch (mode) {
		case "ClusterCIDR":
		case "NodeCIDR":
			return { mode };
		case "BridgeInterface":
			return { mode, device: named("detectLocal.bridgeInterface") };
		case "InterfaceNamePrefix":
			return { mode, prefix: named("detectLocal.interfaceNamePrefix") };
	}
	throw configError(
		file,
		`detectLocalMode is ${JSON.stringify(mode)}; it must be ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix`,
	);
}

function readOomScore(fields: ConfigFields, file: string): number | undefined {
	const score = fields.get("oomScoreAdj") as number | undefined;
	if (score !== undefined && !(Number.isInteger(score) && score >= -1000 && score <= 1000)) {
		throw configError(file, `oomScoreAdj is ${score}; it must be a whole number from -1000 to 1000`);
	}
	return score;
}

/** A file written out by a tool names every field; those at their zero value ask for nothing. */
function ignoredFields(fields: ConfigFields, { mode }: LocalDetection): string[] {
	const set = [...fields].filter(([, value]) => !isZero(value)).map(([path]) => path);
	return set.filter(
		(path) => FIELDS[path]?.becomes === undefined || (path === "clusterCIDR" && mode !== "ClusterCIDR"),
	);
}

function isZero(value: unknown): boolean {
	if (typeof value === "object" && value !== null) {
		return Object.values(value).every(isZero);
	}
	return value === "" || value === 0 || value === false || value === null || /^0[a-zµ]*$/.test(String(value));
}
