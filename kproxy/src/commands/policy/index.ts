import { defineCommand } from "../command.ts";
import { policyOptions } from "./options.ts";

export const policyCommand = defineCommand({
	name: "policy",
	description: "Show which NetworkPolicies apply to which pods, and explain a verdict",
	positional: {
		name: "pod",
		describe: "The rules of this pod, NAMESPACE/NAME; default: all pods of this node",
		optional: true,
	},
	options: policyOptions,
	examples: [
		["policy", "The pods of this node, and what isolates them"],
		["policy shop/web", "Every rule that applies to one pod, with the flows it has let pass"],
		[
			"policy --explain shop/web shop/db 5432/TCP",
			"Allowed or denied, by what, and what comes nearest to allowing it",
		],
		["policy --explain shop/web 10.96.0.10 80/TCP", "The same of a Service: its backend is judged"],
	],
	load: async () => (await import("./handler.ts")).runPolicy,
});
