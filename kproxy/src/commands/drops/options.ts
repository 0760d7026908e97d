import type { OptionTable } from "../command.ts";
import { bpffsOptions, outputOptions } from "../options.ts";

export const dropsOptions = {
	follow: {
		alias: "f",
		type: "boolean",
		default: false,
		describe: "Go on with what comes, until interrupted",
	},
	pod: { type: "string", requiresArg: true, describe: "Only from or to this pod: NAMESPACE/NAME" },
	reason: {
		type: "string",
		array: true,
		nargs: 1,
		describe: "Only for this reason, as in POLICY_INGRESS; may be given more than once",
	},
	since: { type: "string", requiresArg: true, describe: "Only what is younger than this, as in 30s or 5m" },
	allowed: {
		type: "boolean",
		default: false,
		describe: "Also new flows of pods that passed; needs kproxy run --policy-events all",
	},
	...bpffsOptions,
	...outputOptions,
} as const satisfies OptionTable;
