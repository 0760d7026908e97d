import { defineCommand } from "../command.ts";
import { doctorOptions } from "./options.ts";

export const doctorCommand = defineCommand({
	name: "doctor",
	description: "Check whether this node can run kproxy and say what is missing",
	options: doctorOptions,
	examples: [
		["doctor", "Every check, with what to do about it"],
		["doctor --no-canary", "Without the canary connect, which loads a program"],
	],
	load: async () => (await import("./handler.ts")).runDoctor,
});
