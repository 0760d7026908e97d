import { defineCommand } from "../command.ts";
import { dumpOptions } from "./options.ts";

export const dumpCommand = defineCommand({
	name: "dump",
	description: "Print the entries of a map, decoded by its BTF",
	positional: {
		name: "map",
		describe: "Name of a pinned map of kproxy (kproxy maps lists them) or path of any pinned map",
	},
	options: dumpOptions,
	examples: [
		["dump svc_frontends", "One of our maps by its name"],
		["dump counters --limit 10", "The first ten entries"],
		["dump /sys/fs/bpf/other/map -o json", "Any pinned map by its path"],
	],
	load: async () => (await import("./handler.ts")).runDump,
});
