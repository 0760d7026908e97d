import type { OptionTable } from "../command.ts";
import { bpffsOptions, outputOptions, sourceOptions } from "../options.ts";

export const diffOptions = {
	...sourceOptions,
	timeout: {
		type: "number",
		default: 30,
		requiresArg: true,
		describe: "Give up after this many seconds without everything listed",
	},
	...bpffsOptions,
	...outputOptions,
} as const satisfies OptionTable;
