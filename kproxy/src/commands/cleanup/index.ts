import { defineCommand } from "../command.ts";
import { cleanupOptions } from "./options.ts";

export const cleanupCommand = defineCommand({
	name: "cleanup",
	description: "Detach kproxy's programs and remove its pins",
	options: cleanupOptions,
	examples: [
		["cleanup --dry-run", "Only list what would be removed"],
		["cleanup --yes", "Remove without asking"],
	],
	load: async () => (await import("./handler.ts")).runCleanup,
});
