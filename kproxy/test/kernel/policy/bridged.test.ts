/** Pods on a bridge, which reach each other without the node's routes: their ports are the interfaces that are tied. */
import test from "ava";
import { sweepLabs } from "../../lab/lab.ts";
import type { Pod } from "../../lab/pod.ts";
import { createPolicyStage, expectReach, type PolicyStage } from "./stage.ts";

let stage: PolicyStage;
let web: Pod;
let shopper: Pod;
let remote: Pod;
let stranger: Pod;

test.before(async () => {
	sweepLabs();
	stage = createPolicyStage("policy-bridged", { style: "bridged" });
	web = await stage.pod("shop/web", { labels: { app: "web" } });
	shopper = await stage.pod("shop/shopper", { labels: { app: "shopper" } });
	remote = await stage.pod("shop/remote", { labels: { app: "shopper" }, node: stage.node2 });
	stranger = await stage.pod("dev/stranger");
	await stage.start();
});

test.after.always(() => stage?.close());

test.serial("every pod is behind its port", (t) => {
	const { pods } = JSON.parse(stage.node1.kproxy(["policy", "-o", "json"]).stdout);
	t.deepEqual(
		pods.map((pod: { pod: string; interface: string }) => [pod.pod, pod.interface]),
		[
			["dev/stranger", "pod4"],
			["shop/shopper", "pod3"],
			["shop/web", "pod2"],
		],
	);
});

test.serial("ingress and egress are judged between neighbours, and beyond the node", async (t) => {
	for (const from of [shopper, remote, stranger]) await expectReach(t, from, web, { passes: true });
	await stage.change(() => {
		stage.manifests.setPolicy("shop/web", {
			podSelector: { matchLabels: { app: "web" } },
			policyTypes: ["Ingress"],
			ingress: [{ from: [{ podSelector: { matchLabels: { app: "shopper" } } }] }],
		});
		stage.manifests.setPolicy("dev/quiet", { podSelector: {}, policyTypes: ["Egress"] });
	});
	for (const from of [shopper, remote, stage.node1]) await expectReach(t, from, web, { passes: true });
	await expectReach(t, stranger, web, { passes: false });
	await expectReach(t, stranger, remote, { passes: false });
	await expectReach(t, web, remote, { passes: true });
});
