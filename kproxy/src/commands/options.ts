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

/** Which rows `frontends` and `backends` print. */
export const filterOptions = {
	namespace: { alias: "n", type: "string", requiresArg: true, describe: "Only Services of this namespace" },
	service: { type: "string", requiresArg: true, describe: "Only this Service: NAME or NAMESPACE/NAME" },
	address: { type: "string", requiresArg: true, describe: "Only this IP address" },
	port: { type: "number", requiresArg: true, describe: "Only this port number" },
	protocol: { choices: ["tcp", "udp"], requiresArg: true, describe: "Only this protocol" },
} as const satisfies OptionTable;
