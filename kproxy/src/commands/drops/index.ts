import { defineCommand } from "../command.ts";
import { dropsOptions } from "./options.ts";

export const dropsCommand = defineCommand({
	name: "drops",
	description: "Show what was dropped, rejected or refused, and why",
	options: dropsOptions,
	examples: [
		["drops", "The last ones that are remembered, the oldest first"],
		["drops --follow --pod shop/web", "What is dropped from now on, from or to one pod"],
		["drops --since 5m --reason POLICY_INGRESS", "What policies kept from pods in the last five minutes"],
		["drops --follow --allowed", "Every new flow of a pod, with its verdict"],
	],
	load: async () => (await import("./handler.ts")).runDrops,
});
