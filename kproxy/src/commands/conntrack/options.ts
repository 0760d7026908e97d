import type { OptionTable } from "../command.ts";
import { bpffsOptions, clientOptions, filterOptions, outputOptions } from "../options.ts";

export const conntrackOptions = {
	...filterOptions,
	...clientOptions,
	backend: { type: "string", requiresArg: true, describe: "Only flows to this backend address" },
	state: {
		choices: ["opening", "open", "closing", "closed"],
		requiresArg: true,
		describe: "Only flows in this state",
	},
	all: {
		type: "boolean",
		default: false,
		describe: "Closed flows too, which stay until their room is needed",
	},
	...bpffsOptions,
	...outputOptions,
} as const satisfies OptionTable;
