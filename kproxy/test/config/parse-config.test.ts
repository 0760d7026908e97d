import test from "ava";
import { parseDurationMs } from "../../src/config/duration.ts";
import { FIELDS } from "../../src/config/fields.ts";
import { parseConfig } from "../../src/config/parse-config.ts";

const HEAD = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

const BAD: readonly (readonly [what: string, text: string, says: RegExp])[] = [
	["an unknown field", `${HEAD}clusterCIDRs: ""`, /^f: clusterCIDRs: unknown field$/],
	["an unknown field deep down", `${HEAD}iptables: {masquerade: true}`, /^f: iptables\.masquerade: unknown/],
	[
		"a field in wrong case",
		`${HEAD}clusterCidr: ""`,
		/clusterCidr: unknown field: did you mean clusterCIDR\?$/,
	],
	["a name that every object has", `${HEAD}constructor: 1`, /^f: constructor: unknown field$/],
	["another kind", HEAD.replace("KubeProxy", "Kubelet"), /^f: is "KubeletConfiguration" of "kubeproxy/],
	[
		"another version",
		HEAD.replace("v1alpha1", "v1alpha2"),
		/^f: is "KubeProxyConfiguration" of .*v1alpha2"$/,
	],
	["no kind", "mode: iptables", /^f: is missing of missing$/],
	["an empty file", "", /^f: is missing$/],
	["a list", "- a", /^f: is a list$/],
	["broken YAML", `${HEAD}mode: [`, /^f: not valid YAML: /],
	["two documents", `${HEAD}---\n${HEAD}`, /^f: has 2 documents$/],
	[
		"a text for a flag",
		`${HEAD}iptables: {masqueradeAll: "yes"}`,
		/masqueradeAll is "yes"; it must be true or false$/,
	],
	[
		"a number for a text",
		`${HEAD}hostnameOverride: 7`,
		/hostnameOverride is 7; it must be text, so put it in quotes$/,
	],
	[
		"a text for a list",
		`${HEAD}nodePortAddresses: primary`,
		/nodePortAddresses is "primary"; it must be a list of texts$/,
	],
	[
		"a bad duration",
		`${HEAD}configSyncPeriod: 15 minutes`,
		/configSyncPeriod is "15 minutes"; it must be a duration/,
	],
	["a text for a mapping", `${HEAD}conntrack: none`, /^f: conntrack is "none"; it must be a mapping$/],
	[
		"a gate that is no flag",
		`${HEAD}featureGates: {A: maybe}`,
		/featureGates is a mapping; it must be a mapping of names/,
	],
];

for (const [what, text, says] of BAD) {
	test(`A configuration with ${what} is refused in one line`, (t) => {
		const error = t.throws(() => parseConfig(text, "f"));
		t.is((error as { code?: string }).code, "USAGE");
		t.regex(error?.message ?? "", says);
		t.notRegex(error?.message ?? "", /\n/);
	});
}

test("What is set is there by its path; null counts as not set", (t) => {
	const text = `${HEAD}mode: nftables\niptables: {masqueradeAll: true, masqueradeBit: null}\nwinkernel: null\n`;
	t.deepEqual(
		[...parseConfig(text, "f")],
		[
			["mode", "nftables"],
			["iptables.masqueradeAll", true],
		],
	);
});

test("JSON is YAML", (t) => {
	const text = JSON.stringify({
		kind: "KubeProxyConfiguration",
		apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
		clusterCIDR: "10.0.0.0/8",
	});
	t.deepEqual([...parseConfig(text, "f")], [["clusterCIDR", "10.0.0.0/8"]]);
});

test("Every field either becomes something or says why not", (t) => {
	for (const [path, { becomes, why }] of Object.entries(FIELDS)) {
		t.true((becomes === undefined) !== (why === undefined), path);
	}
});

for (const [text, ms] of [
	["0", 0],
	["0s", 0],
	["1m30s", 90_000],
	["24h0m0s", 86_400_000],
	["1.5s", 1500],
	["250ms", 250],
	["10", undefined],
	["-1s", undefined],
	["s", undefined],
	["", undefined],
] as const) {
	test(`The duration ${JSON.stringify(text)} is ${ms === undefined ? "refused" : `${ms} ms`}`, (t) => {
		t.is(parseDurationMs(text), ms);
	});
}
