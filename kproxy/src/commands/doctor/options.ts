import type { OptionTable } from "../command.ts";
import { bpffsOptions, cgroupOptions, networkOptions, outputOptions } from "../options.ts";

export const doctorOptions = {
	canary: {
		type: "boolean",
		default: true,
		describe: "Load the programs, attach them to a cgroup made for it and connect to a canary frontend",
	},
	"node-port-range": networkOptions["node-port-range"],
	"snat-ports": networkOptions["snat-ports"],
	...bpffsOptions,
	...cgroupOptions,
	...outputOptions,
} as const satisfies OptionTable;
