import { defineCommand } from "../command.ts";
import { mapsOptions } from "./options.ts";

export const mapsCommand = defineCommand({
	name: "maps",
	description: "List the pinned maps with their use and limit",
	options: mapsOptions,
	examples: [
		["maps", "Every map: type, entries, limit, bytes"],
		["maps -o json", "The same for scripts"],
	],
	load: async () => (await import("./handler.ts")).runMaps,
});
