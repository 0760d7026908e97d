import type { OptionTable } from "../command.ts";
import { bpffsOptions, outputOptions } from "../options.ts";

export const cleanupOptions = {
	"dry-run": { type: "boolean", default: false, describe: "Only list what would be removed" },
	yes: { alias: "y", type: "boolean", default: false, describe: "Remove without asking" },
	force: { type: "boolean", default: false, describe: "Remove even while a daemon runs" },
	...bpffsOptions,
	...outputOptions,
} as const satisfies OptionTable;
