import { defineCommand } from "../command.ts";
import { diffOptions } from "./options.ts";

export const diffCommand = defineCommand({
	name: "diff",
	description: "Compare sources, daemon and kernel; exit 1 where they differ",
	options: diffOptions,
	examples: [
		["diff --manifests ./examples", "Do the kernel and the daemon hold what the manifests say?"],
		["diff", "In a pod: the same against the API server"],
	],
	load: async () => (await import("./handler.ts")).runDiff,
});
