import type { OptionTable } from "../command.ts";
import { bpffsOptions, cgroupOptions, outputOptions } from "../options.ts";

export const doctorOptions = {
	canary: {
		type: "boolean",
		default: true,
		describe: "Load the programs, attach them to a cgroup made for it and connect to a canary frontend",
	},
	...bpffsOptions,
	...cgroupOptions,
	...outputOptions,
} as const satisfies OptionTable;
