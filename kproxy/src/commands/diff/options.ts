import type { OptionTable } from "../command.ts";
import { bpffsOptions, outputOptions, sourceOptions } from "../options.ts";

export const diffOptions = {
	...sourceOptions,
	"node-name": {
		type: "string",
		requiresArg: true,
		describe: "Name of this node in the cluster; default: as the daemon was told, else the host name",
	},
	timeout: {
		type: "number",
		default: 30,
		requiresArg: true,
		describe: "Give up after this many seconds without everything listed",
	},
	...bpffsOptions,
	...outputOptions,
} as const satisfies OptionTable;
