import type { OptionTable } from "./command.ts";

/** Where kproxy pins maps and links unless told otherwise. */
export const DEFAULT_BPFFS = "/sys/fs/bpf/kproxy";

/** Every command takes these. */
export const globalOptions = {
	verbose: {
		type: "boolean",
		default: false,
		describe: "Print the whole error: stack, verifier log, causes",
	},
} as const satisfies OptionTable;

export const bpffsOptions = {
	bpffs: {
		type: "string",
		default: DEFAULT_BPFFS,
		requiresArg: true,
		describe: "Directory on a bpf file system where maps and links are pinned",
	},
} as const satisfies OptionTable;

export const outputOptions = {
	output: {
		alias: "o",
		choices: ["table", "json"],
		default: "table",
		requiresArg: true,
		describe: "Format of what is printed",
	},
} as const satisfies OptionTable;

export const cgroupOptions = {
	cgroup: {
		type: "string",
		requiresArg: true,
		describe: "cgroup v2 directory whose processes are served; default: the real cgroup2 root",
	},
} as const satisfies OptionTable;

/** Where the Services come from: `run` and `diff` take the same. */
export const sourceOptions = {
	manifests: {
		type: "string",
		requiresArg: true,
		describe: "Directory of YAML or JSON manifests, watched; needs no API server",
	},
	kubeconfig: {
		type: "string",
		requiresArg: true,
		describe: "kubeconfig file; default: the service account of the pod",
	},
} as const satisfies OptionTable;

/** Whose rows are printed. */
export const ownerOptions = {
	namespace: { alias: "n", type: "string", requiresArg: true, describe: "Only Services of this namespace" },
	service: { type: "string", requiresArg: true, describe: "Only this Service: NAME or NAMESPACE/NAME" },
} as const satisfies OptionTable;

/** Rows of which client `affinity` and `conntrack` print. */
export const clientOptions = {
	client: { type: "string", requiresArg: true, describe: "Only this client address" },
} as const satisfies OptionTable;

/** Which rows `frontends`, `backends` and `conntrack` print. */
export const filterOptions = {
	...ownerOptions,
	address: { type: "string", requiresArg: true, describe: "Only this IP address" },
	port: { type: "number", requiresArg: true, describe: "Only this port number" },
	protocol: { choices: ["tcp", "udp", "sctp"], requiresArg: true, describe: "Only this protocol" },
} as const satisfies OptionTable;

/** What the node's network looks like, for the packet path. Lists may be repeated flags or have commas. */
export const networkOptions = {
	"node-ip": {
		type: "string",
		array: true,
		nargs: 1,
		describe: "Address of this node, one of each family; default: as the Node object has it",
	},
	device: {
		type: "string",
		array: true,
		nargs: 1,
		describe: "Device that leads to other machines; default: those with an address or a default route",
	},
	"node-port-addresses": {
		type: "string",
		array: true,
		nargs: 1,
		describe: "CIDR of node addresses that serve NodePorts, or primary, localhost, all; default: all",
	},
	"cluster-cidr": {
		type: "string",
		array: true,
		nargs: 1,
		describe: "CIDR of the pods of all nodes: clients from there are in the cluster",
	},
	"service-cidr": {
		type: "string",
		array: true,
		nargs: 1,
		describe: "CIDR that ClusterIPs come from, where no ServiceCIDR object says",
	},
	"node-port-range": {
		type: "string",
		defaultDescription: "30000-32767",
		requiresArg: true,
		describe: "Ports that NodePorts come from, as the API server has them",
	},
	"snat-ports": {
		type: "string",
		defaultDescription: "61000-65535",
		requiresArg: true,
		describe: "Source ports for flows whose source is translated; no other use may be made of them",
	},
	"udp-timeout": {
		type: "number",
		defaultDescription: "120",
		requiresArg: true,
		describe: "Seconds after which a silent UDP flow is a new one",
	},
	"masquerade-all": {
		type: "boolean",
		describe: "Translate the source of every flow of the packet path; default: only where replies need it",
	},
} as const satisfies OptionTable;
