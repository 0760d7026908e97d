/** SCTP between pods under policy, with real associations. */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import test from "ava";
import type { Host } from "../../lab/host.ts";
import { sweepLabs } from "../../lab/lab.ts";
import { leftOutWithout } from "../../lab/modules.ts";
import type { Pod } from "../../lab/pod.ts";
import { buildSctpTool } from "../../lab/tools.ts";
import { createPolicyStage, FAMILIES, type PolicyStage } from "./stage.ts";

const sctp = leftOutWithout("sctp") ? test.serial.skip : test.serial;
const PORT = 3868;

let stage: PolicyStage;
let tool: string;
let web: Pod;
let shopper: Pod;
let stranger: Pod;

test.before(async () => {
	if (leftOutWithout("sctp")) return;
	sweepLabs();
	stage = createPolicyStage("policy-sctp");
	tool = buildSctpTool(stage.lab.directory);
	web = await stage.pod("shop/web", { labels: { app: "web" } });
	shopper = await stage.pod("shop/shopper", { labels: { app: "shopper" } });
	stranger = await stage.pod("dev/stranger");
	for (const port of [PORT, PORT + 1]) await serve(web, port);
	stage.manifests.setPolicy("shop/web", {
		podSelector: { matchLabels: { app: "web" } },
		policyTypes: ["Ingress"],
		ingress: [
			{
				from: [{ podSelector: { matchLabels: { app: "shopper" } } }],
				ports: [{ protocol: "SCTP", port: PORT }],
			},
		],
	});
	await stage.start();
});

test.after.always(() => stage?.close());

function start({ namespace, cgroup }: Host, args: readonly string[]) {
	const command = [tool, ...args];
	return stage.lab.spawn({ namespace, cgroup, command, stdio: ["ignore", "pipe", "inherit"] });
}

/** Resolves once the server accepts. */
async function serve(host: Host, port: number): Promise<void> {
	const { stdout } = start(host, ["serve", host.name, `${port}`]);
	if (stdout) await once(createInterface({ input: stdout }), "line");
}

/** What a dial was told. */
async function dial(host: Host, address: string, port: number): Promise<string> {
	const { stdout } = start(host, ["dial", address, `${port}`, "1"]);
	return stdout ? (await text(stdout)).trim() : "";
}

for (const family of FAMILIES) {
	sctp(
		`SCTP: a rule for its port lets associations through, and nothing else does, over ${family}`,
		async (t) => {
			t.regex(await dial(shopper, web[family], PORT), /^web /);
			const denied = await Promise.all([
				dial(shopper, web[family], PORT + 1),
				dial(stranger, web[family], PORT),
			]);
			for (const line of denied) t.regex(line, /^error /);
			t.regex(await dial(stage.node1, web[family], PORT + 1), /^web /, "its own node reaches it");
		},
	);
}
