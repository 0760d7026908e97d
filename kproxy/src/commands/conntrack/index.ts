import { defineCommand } from "../command.ts";
import { conntrackOptions } from "./options.ts";

export const conntrackCommand = defineCommand({
	name: "conntrack",
	description: "List the flows that are translated packet by packet",
	options: conntrackOptions,
	examples: [
		["conntrack", "Every flow: client, frontend and backend"],
		["conntrack --client 192.0.2.7", "Those of one client"],
		["conntrack --service shop/web --state open", "Open connections to a Service"],
		["conntrack --backend 10.244.1.7", "What a pod is serving"],
	],
	load: async () => (await import("./handler.ts")).runConntrack,
});
