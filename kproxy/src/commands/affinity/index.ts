import { defineCommand } from "../command.ts";
import { affinityOptions } from "./options.ts";

export const affinityCommand = defineCommand({
	name: "affinity",
	description: "List the clients that keep their backend",
	options: affinityOptions,
	examples: [
		["affinity", "Every client of every Service with session affinity"],
		["affinity -n shop --service web", "Those of one Service"],
		["affinity --client 192.0.2.7", "Where this client is sent"],
	],
	load: async () => (await import("./handler.ts")).runAffinity,
});
