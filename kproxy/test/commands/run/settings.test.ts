import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import type { OptionValues } from "../../../src/commands/command.ts";
import { commands } from "../../../src/commands/list.ts";
import { parseCommandLine } from "../../../src/commands/parse.ts";
import type { runOptions } from "../../../src/commands/run/options.ts";
import { readSettings } from "../../../src/commands/run/settings.ts";
import { fakeTerminal } from "../fake-terminal.ts";

const directory = mkdtempSync(join(tmpdir(), "kproxy-settings-"));
const file = join(directory, "config.yaml");
const HEAD = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

test.after.always(() => rmSync(directory, { recursive: true }));

/** Settings of `kproxy run LINE`, with this configuration in `FILE`. */
async function settingsOf(line: string, config = "") {
	writeFileSync(file, HEAD + config);
	const words = `run --manifests ${directory} ${line.replaceAll("FILE", file)}`.trim().split(" ");
	const parsed = await parseCommandLine(words, commands, 100);
	if (parsed.kind !== "command") throw new Error(parsed.text);
	return readSettings(parsed.values as OptionValues<typeof runOptions>, fakeTerminal());
}

test.serial("Without flags the node's network is as kube-proxy has it", async (t) => {
	const { network, healthz, metrics, detection, localhostNodePorts, syncPeriodMs } = await settingsOf("");
	t.deepEqual(network, {
		nodeIps: [],
		devices: [],
		nodePortAddresses: { primary: false, cidrs: ["0.0.0.0/0", "::/0"] },
		clusterCidrs: [],
		serviceCidrs: [],
		nodePorts: { first: 30000, last: 32767 },
		snatPorts: { first: 61000, last: 65535 },
		udpTimeoutS: 120,
		masqueradeAll: false,
	});
	t.deepEqual(
		[healthz, metrics],
		[
			{ host: "0.0.0.0", port: 10256 },
			{ host: "127.0.0.1", port: 10249 },
		],
	);
	t.deepEqual([detection, localhostNodePorts, syncPeriodMs], [{ mode: "ClusterCIDR" }, true, 30_000]);
});

test.serial("Lists may be repeated flags, or have commas", async (t) => {
	const { network } = await settingsOf(
		"--node-ip 192.0.2.7,FD00::7 --device eth0 --device eth1 --cluster-cidr 10.244.0.1/16 --cluster-cidr=fd00:10:244::/56 --service-cidr 10.96.0.0/12 --node-port-addresses primary",
	);
	t.deepEqual(network.nodeIps, ["192.0.2.7", "fd00::7"]);
	t.deepEqual(network.devices, ["eth0", "eth1"]);
	t.deepEqual(network.clusterCidrs, ["10.244.0.0/16", "fd00:10:244::/56"]);
	t.deepEqual(network.serviceCidrs, ["10.96.0.0/12"]);
	t.deepEqual(network.nodePortAddresses, { primary: true, cidrs: [] });
});

test.serial("The last of two flags counts where no list is meant", async (t) => {
	const { network } = await settingsOf("--udp-timeout 7 --udp-timeout 8 --masquerade-all --masquerade-all");
	t.is(network.udpTimeoutS, 8);
	t.true(network.masqueradeAll);
});

test.serial("Policy is off unless asked for, and has rules for as many again", async (t) => {
	t.is((await settingsOf("")).policy, undefined);
	const { policy, sizes } = await settingsOf(
		"--policy --policy-unknown-pods allow --policy-established recheck --policy-events all --max-policy-rules 1000",
	);
	t.deepEqual(policy, { unknownAllowed: true, recheck: true, noteFlows: true });
	t.is(sizes.policy_rules, 2000);
	t.deepEqual((await settingsOf("--policy")).policy, {
		unknownAllowed: false,
		recheck: false,
		noteFlows: false,
	});
});

test.serial("The configuration is taken where no flag says otherwise", async (t) => {
	const { network, nodeName, healthz, ignoredFields, oomScoreAdj } = await settingsOf(
		"--config FILE --cluster-cidr 10.1.0.0/16",
		"clusterCIDR: 10.2.0.0/16\nhostnameOverride: N1\nhealthzBindAddress: 127.0.0.1:7\niptables: {masqueradeAll: true}\noomScoreAdj: -999\nconntrack: {min: 5, udpStreamTimeout: 5m}\nclientConnection: {kubeconfig: /nowhere}",
	);
	t.deepEqual(network.clusterCidrs, ["10.1.0.0/16"]);
	t.is(nodeName, "n1");
	t.deepEqual(healthz, { host: "127.0.0.1", port: 7 });
	t.true(network.masqueradeAll);
	t.is(network.udpTimeoutS, 300);
	t.is(oomScoreAdj, -999);
	t.deepEqual(ignoredFields, ["conntrack.min"]);
});

for (const [line, says] of [
	["--node-ip web", /^--node-ip takes an IP address, not "web"$/],
	["--node-ip 192.0.2.1,192.0.2.2", /^--node-ip has two IPv4 addresses, 192\.0\.2\.1 and 192\.0\.2\.2$/],
	["--device a/b", /^--device takes the name of a device, not "a\/b"$/],
	["--device", /^--device needs a value$/],
	["--device=", /^--device needs a value$/],
	["--node-port-addresses eth0", /^--node-port-addresses cannot be "eth0"$/],
	["--cluster-cidr 10.0.0.0", /^--cluster-cidr cannot be "10\.0\.0\.0"$/],
	[
		"--service-cidr 10.0.0.0/8,11.0.0.0/8,12.0.0.0/8,13.0.0.0/8,14.0.0.0/8",
		/has 5 CIDRs; there is room for 4$/,
	],
	["--node-port-range 30000", /^--node-port-range cannot be "30000"$/],
	["--node-port-range 40000-30000", /^--node-port-range cannot be "40000-30000"$/],
	["--snat-ports 60000-65536", /^--snat-ports cannot be "60000-65536"$/],
	["--snat-ports 32767-40000", /^--snat-ports 32767-40000 overlaps the NodePorts 30000-32767$/],
	["--udp-timeout 0", /^--udp-timeout takes seconds from 1 to 86400, not 0$/],
	["--udp-timeout soon", /^--udp-timeout takes a whole number$/],
	["--policy-unknown-pods allow", /^--policy-unknown-pods has no meaning without --policy$/],
	["--max-policy-rules 7", /^--max-policy-rules has no meaning without --policy$/],
	["--policy --max-policy-rules 0", /^--max-policy-rules takes a number above 0 and up to \d+, not 0$/],
	["--policy --policy-established maybe", /policy-established/],
	["--config /nowhere/at/all", /^--config \/nowhere\/at\/all: no such file$/],
] as const) {
	test.serial(`\`kproxy run ${line}\` is refused in one line`, async (t) => {
		const error = await t.throwsAsync(settingsOf(line));
		t.is((error as { code?: string }).code, "USAGE");
		t.regex(error?.message ?? "", says);
	});
}

for (const [config, says] of [
	["clusterCIDR: 10.0.0.0", /: clusterCIDR cannot be "10\.0\.0\.0"$/],
	["nodePortAddresses: [eth0]", /: nodePortAddresses cannot be "eth0"$/],
	["healthzBindAddress: a:b:c", /: healthzBindAddress cannot be "a:b:c"$/],
	["bindAddress: web", /: bindAddress takes an IP address, not "web"$/],
	["logging: {format: xml}", /: logging\.format cannot be "xml": choose one of json, text$/],
	["clusterCIDRs: x", /: clusterCIDRs: unknown field$/],
] as const) {
	test.serial(`A configuration with ${config} is refused by file and field`, async (t) => {
		const error = await t.throwsAsync(settingsOf("--config FILE", config));
		t.is((error as { code?: string }).code, "USAGE");
		t.regex(error?.message ?? "", says);
		t.true(error?.message.startsWith(`--config ${file}`));
	});
}
