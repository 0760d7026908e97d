import type { OptionTable } from "../command.ts";
import { bpffsOptions, clientOptions, outputOptions, ownerOptions } from "../options.ts";

export const affinityOptions = {
	...ownerOptions,
	...clientOptions,
	...bpffsOptions,
	...outputOptions,
} as const satisfies OptionTable;
