import { defineCommand } from "../command.ts";
import { backendsOptions } from "./options.ts";

export const backendsCommand = defineCommand({
	name: "backends",
	description: "List the endpoints that frontends lead to",
	options: backendsOptions,
	examples: [
		["backends", "Every backend with the Services that use it"],
		["backends --address 10.244.1.7", "Which Services this pod serves"],
	],
	load: async () => (await import("./handler.ts")).runBackends,
});
