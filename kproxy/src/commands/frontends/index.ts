import { defineCommand } from "../command.ts";
import { frontendsOptions } from "./options.ts";

export const frontendsCommand = defineCommand({
	name: "frontends",
	description: "List what clients can dial and who answers",
	options: frontendsOptions,
	examples: [
		["frontends", "Every frontend with its backends"],
		["frontends -n shop --service web", "Those of one Service"],
		["frontends --address 10.96.0.10 --port 53", "Who answers this address and port"],
	],
	load: async () => (await import("./handler.ts")).runFrontends,
});
