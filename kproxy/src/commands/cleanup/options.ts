import type { OptionTable } from "../command.ts";
import { bpffsOptions, outputOptions } from "../options.ts";

export const cleanupOptions = {
	"kube-proxy": {
		type: "boolean",
		default: false,
		describe: "Remove what a kube-proxy left: its iptables chains, nft tables, IPVS device; kproxy stays",
	},
	"dry-run": { type: "boolean", default: false, describe: "Only list what would be removed" },
	yes: { alias: "y", type: "boolean", default: false, describe: "Remove without asking" },
	force: { type: "boolean", default: false, describe: "Remove even while a daemon, or kube-proxy, runs" },
	...bpffsOptions,
	...outputOptions,
} as const satisfies OptionTable;
