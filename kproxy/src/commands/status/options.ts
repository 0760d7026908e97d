import type { OptionTable } from "../command.ts";
import { bpffsOptions, outputOptions } from "../options.ts";

export const statusOptions = {
	wait: {
		type: "number",
		requiresArg: true,
		describe: "Wait up to this many seconds until the daemon is in sync; exit 1 when the time is up",
	},
	...bpffsOptions,
	...outputOptions,
} as const satisfies OptionTable;
