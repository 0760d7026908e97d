import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import test from "ava";
import { createLab, sweepLabs } from "../lab/lab.ts";

const CHILD = fileURLToPath(new URL("own-netns-child.ts", import.meta.url));

test.before(() => sweepLabs());

test("a program tells a process the cookie of its namespace, where the kernel has no option for it", async (t) => {
	using lab = createLab("netns-cookie");
	const answers = await Promise.all(
		["one", "two"].map(async (name) => {
			const child = lab.spawn({
				namespace: lab.namespace(name),
				cgroup: "clients",
				command: [process.execPath, "--conditions=source", CHILD, lab.cgroups.clients],
				stdio: ["ignore", "pipe", "inherit"],
			});
			const [answer] = await Promise.all([child.stdout ? text(child.stdout) : "", once(child, "exit")]);
			return JSON.parse(answer) as [string, string];
		}),
	);
	for (const [asked, said] of answers) {
		if (said === "undefined") t.regex(asked, /^[1-9]\d*$/);
		else t.is(asked, said);
	}
	t.not(answers[0]?.[0], answers[1]?.[0]);
});
