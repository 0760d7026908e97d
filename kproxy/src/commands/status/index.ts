import { defineCommand } from "../command.ts";
import { statusOptions } from "./options.ts";

export const statusCommand = defineCommand({
	name: "status",
	description: "Show what is attached, what is in sync and what went wrong",
	options: statusOptions,
	examples: [
		["status", "Programs, maps, counters and the daemon's state"],
		["status --wait 30", "Return as soon as the daemon is in sync; exit 1 after 30 seconds"],
		["status -o json", "The same for scripts"],
	],
	load: async () => (await import("./handler.ts")).runStatus,
});
