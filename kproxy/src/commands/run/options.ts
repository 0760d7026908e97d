import type { OptionTable } from "../command.ts";
import { bpffsOptions, cgroupOptions, networkOptions, sourceOptions } from "../options.ts";

export const runOptions = {
	...sourceOptions,
	config: {
		type: "string",
		requiresArg: true,
		describe: "KubeProxyConfiguration (v1alpha1) to take settings from; flags win over it",
	},
	"node-name": {
		type: "string",
		requiresArg: true,
		describe: "Name of this node in the cluster; default: the host name in lower case",
	},
	...bpffsOptions,
	...cgroupOptions,
	...networkOptions,
	policy: {
		type: "boolean",
		default: false,
		describe: "Enforce NetworkPolicies on the interfaces of this node's pods",
	},
	"policy-unknown-pods": {
		choices: ["allow", "deny"],
		defaultDescription: "deny",
		requiresArg: true,
		describe: "What a pod may do whose interface or address is not known (yet); needs --policy",
	},
	"policy-established": {
		choices: ["keep", "recheck"],
		defaultDescription: "keep",
		requiresArg: true,
		describe: "What becomes of flows that a change of policy would not let begin; needs --policy",
	},
	"policy-events": {
		choices: ["drops", "all"],
		defaultDescription: "drops",
		requiresArg: true,
		describe: "What kproxy drops can show: what is dropped, or also new flows that pass; needs --policy",
	},
	once: {
		type: "boolean",
		default: false,
		describe: "Sync once, leave the dataplane in place and exit; exit 1 where something is not served",
	},
	"healthz-bind-address": {
		type: "string",
		defaultDescription: "0.0.0.0:10256",
		mayBeEmpty: true,
		requiresArg: true,
		describe: "Address for /healthz and /livez; empty: do not serve them",
	},
	"metrics-bind-address": {
		type: "string",
		defaultDescription: "127.0.0.1:10249",
		mayBeEmpty: true,
		requiresArg: true,
		describe: "Address for /metrics; empty: do not serve them",
	},
	"max-frontends": {
		type: "number",
		requiresArg: true,
		describe: "Room for this many frontends; default: as pinned, else as built (kproxy maps)",
	},
	"max-backends": {
		type: "number",
		requiresArg: true,
		describe: "Room for this many backends; default: as pinned, else as built",
	},
	"max-slots": {
		type: "number",
		requiresArg: true,
		describe:
			"Room for this many slots, one for each backend of each Service port; default: as pinned, else as built",
	},
	"max-services": {
		type: "number",
		requiresArg: true,
		describe: "Room for this many service ports; default: as pinned, else as built",
	},
	"max-flows": {
		type: "number",
		requiresArg: true,
		describe:
			"Room for this many flows of the packet path, beyond which the oldest are forgotten; default: as pinned, else as built",
	},
	"max-datagram-peers": {
		type: "number",
		requiresArg: true,
		describe:
			"Room for this many pairs of an unconnected UDP socket and a backend; default: as pinned, else as built",
	},
	"max-affinities": {
		type: "number",
		requiresArg: true,
		describe:
			"Room for this many clients that keep their backend (sessionAffinity); default: as pinned, else as built",
	},
	"max-policy-rules": {
		type: "number",
		requiresArg: true,
		describe:
			"Room for twice this many rules of NetworkPolicies against classes of peers, so that a start can write them anew; default: as pinned, else as built",
	},
	"log-level": {
		choices: ["debug", "info", "warn", "error"],
		defaultDescription: "info",
		requiresArg: true,
		describe: "Least important log lines to print",
	},
	"log-format": {
		choices: ["json", "text"],
		requiresArg: true,
		describe: "Format of log lines; default: text on a terminal, JSON elsewhere",
	},
} as const satisfies OptionTable;
