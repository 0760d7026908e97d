import type { OptionTable } from "../command.ts";
import { bpffsOptions, outputOptions } from "../options.ts";

export const policyOptions = {
	explain: {
		type: "string",
		array: true,
		nargs: 3,
		describe:
			"FROM TO PORT/PROTOCOL: may FROM dial TO, and by which rules; pods as NAMESPACE/NAME, or addresses",
	},
	...bpffsOptions,
	...outputOptions,
} as const satisfies OptionTable;
