import { defineCommand } from "../command.ts";
import { cleanupOptions } from "./options.ts";

export const cleanupCommand = defineCommand({
	name: "cleanup",
	description: "Detach kproxy's programs and remove its pins, or what kube-proxy left",
	options: cleanupOptions,
	examples: [
		["cleanup --dry-run", "Only list what would be removed"],
		["cleanup --yes", "Remove without asking"],
		["cleanup --kube-proxy", "Show what a kube-proxy left, ask, and remove that"],
	],
	load: async () => (await import("./handler.ts")).runCleanup,
});
