/** SCTP between pods under policy, with real associations. */
import test from "ava";
import type { Host } from "../../lab/host.ts";
import { sweepLabs } from "../../lab/lab.ts";
import { leftOutWithout } from "../../lab/modules.ts";
import type { Pod } from "../../lab/pod.ts";
import { Sctp } from "../../lab/sctp.ts";
import { createPolicyStage, FAMILIES, type PolicyStage } from "./stage.ts";

const sctp = leftOutWithout("sctp") ? test.serial.skip : test.serial;
const PORT = 3868;

let stage: PolicyStage;
let peers: Sctp;
let web: Pod;
let shopper: Pod;
let stranger: Pod;

test.before(async () => {
	if (leftOutWithout("sctp")) return;
	sweepLabs();
	stage = createPolicyStage("policy-sctp");
	peers = new Sctp(stage.lab);
	web = await stage.pod("shop/web", { labels: { app: "web" } });
	shopper = await stage.pod("shop/shopper", { labels: { app: "shopper" } });
	stranger = await stage.pod("dev/stranger");
	for (const port of [PORT, PORT + 1]) await peers.listen(web, port);
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

const dial = (host: Host, address: string, port: number) => peers.dial(host, { address, port });

for (const family of FAMILIES) {
	sctp(
		`SCTP: a rule for its port lets associations through, and nothing else does, over ${family}`,
		async (t) => {
			t.is((await dial(shopper, web[family], PORT)).name, "web");
			const denied = await Promise.all([
				dial(shopper, web[family], PORT + 1),
				dial(stranger, web[family], PORT),
			]);
			for (const { name, error } of denied) t.true(name === undefined && error !== undefined);
			t.is((await dial(stage.node1, web[family], PORT + 1)).name, "web", "its own node reaches it");
		},
	);
}
