import type { OptionTable } from "../command.ts";
import { bpffsOptions, filterOptions, outputOptions } from "../options.ts";

export const backendsOptions = {
	...filterOptions,
	...bpffsOptions,
	...outputOptions,
} as const satisfies OptionTable;
