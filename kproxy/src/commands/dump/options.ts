import type { OptionTable } from "../command.ts";
import { bpffsOptions, outputOptions } from "../options.ts";

export const dumpOptions = {
	limit: {
		type: "number",
		default: 1000,
		requiresArg: true,
		describe: "Print at most this many entries; 0: all",
	},
	zeros: {
		type: "boolean",
		default: false,
		describe: "Print entries of arrays that are all zeros, too",
	},
	...bpffsOptions,
	...outputOptions,
} as const satisfies OptionTable;
