import test from "ava";
import { mapConfig } from "../../src/config/map-config.ts";
import { parseConfig } from "../../src/config/parse-config.ts";

const HEAD = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";
const map = (text: string) => mapConfig(parseConfig(HEAD + text, "f"), "f");

/** As kubeadm writes it, with every field that it does not set at its zero value. */
const KUBEADM = `
bindAddress: 0.0.0.0
bindAddressHardFail: false
clientConnection: {acceptContentTypes: "", burst: 0, contentType: "", kubeconfig: /var/lib/kube-proxy/kubeconfig.conf, qps: 0}
clusterCIDR: 10.244.0.0/16,fd00:10:244::/56
configSyncPeriod: 0s
conntrack: {maxPerCore: null, min: null, tcpBeLiberal: false, tcpCloseWaitTimeout: null, tcpEstablishedTimeout: null, udpStreamTimeout: 0s, udpTimeout: 0s}
detectLocal: {bridgeInterface: "", interfaceNamePrefix: ""}
detectLocalMode: ""
enableProfiling: false
healthzBindAddress: ""
hostnameOverride: ""
iptables: {localhostNodePorts: null, masqueradeAll: false, masqueradeBit: null, minSyncPeriod: 0s, syncPeriod: 0s}
ipvs: {excludeCIDRs: null, minSyncPeriod: 0s, scheduler: "", strictARP: false, syncPeriod: 0s, tcpFinTimeout: 0s, tcpTimeout: 0s, udpTimeout: 0s}
logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}, text: {infoBufferSize: "0"}}, verbosity: 0}
metricsBindAddress: ""
mode: ""
nftables: {masqueradeAll: false, masqueradeBit: null, minSyncPeriod: 0s, syncPeriod: 0s}
nodePortAddresses: null
oomScoreAdj: null
portRange: ""
showHiddenMetricsForVersion: ""
winkernel: {enableDSR: false, forwardHealthCheckVip: false, networkName: "", rootHnsEndpointName: "", sourceVip: ""}
`;

test("kubeadm's configuration is taken as it is, and nothing of it is ignored", (t) => {
	const { flags, ignored, detection, localhostNodePorts, syncPeriodMs } = map(KUBEADM);
	t.deepEqual(flags, {
		kubeconfig: "/var/lib/kube-proxy/kubeconfig.conf",
		"cluster-cidr": ["10.244.0.0/16", "fd00:10:244::/56"],
		"masquerade-all": false,
		"log-level": "info",
	});
	t.deepEqual(
		[ignored, detection, localhostNodePorts, syncPeriodMs],
		[[], { mode: "ClusterCIDR" }, true, undefined],
	);
});

for (const { title, text, flags } of [
	{
		title: "The node's address is the bind address, and an IPv6 one moves the default ports to IPv6",
		text: "bindAddress: fd00::7",
		flags: {
			"node-ip": ["fd00::7"],
			"healthz-bind-address": "[::]:10256",
			"metrics-bind-address": "[::1]:10249",
		},
	},
	{
		title: "Addresses of the ports win over the family of the bind address",
		text: 'bindAddress: "::"\nmetricsBindAddress: 0.0.0.0:10249',
		flags: { "healthz-bind-address": "[::]:10256", "metrics-bind-address": "0.0.0.0:10249" },
	},
	{
		title: "Mode nftables serves NodePorts at primary addresses where nothing is said",
		text: "mode: nftables\nnftables: {masqueradeAll: true}\niptables: {masqueradeAll: false}",
		flags: { "node-port-addresses": ["primary"], "masquerade-all": true },
	},
	{
		title: "What is said of NodePort addresses wins over the mode",
		text: "mode: nftables\nnodePortAddresses: [192.0.2.0/24]",
		flags: { "node-port-addresses": ["192.0.2.0/24"] },
	},
	{
		title: "The cluster CIDR counts only where it is what tells clients apart",
		text: "clusterCIDR: 10.0.0.0/8\ndetectLocalMode: NodeCIDR",
		flags: {},
	},
	{
		title: "A UDP timeout is rounded up to seconds",
		text: "conntrack: {udpStreamTimeout: 1m0.5s}",
		flags: { "udp-timeout": 61 },
	},
	{
		title: "Verbosity 4 and more is debugging",
		text: "logging: {format: json, verbosity: 4}\nhostnameOverride: n1",
		flags: { "log-format": "json", "log-level": "debug", "node-name": "n1" },
	},
]) {
	test(title, (t) => {
		t.deepEqual(map(text).flags, flags as object);
	});
}

test("What is set and has no meaning is listed, by path", (t) => {
	const text =
		"clusterCIDR: 10.0.0.0/8\ndetectLocalMode: NodeCIDR\nfeatureGates: {A: true}\nipvs: {scheduler: rr, strictARP: false}\nconntrack: {min: 131072, tcpCloseWaitTimeout: 1h0m0s}";
	t.deepEqual(map(text).ignored, [
		"clusterCIDR",
		"featureGates",
		"ipvs.scheduler",
		"conntrack.min",
		"conntrack.tcpCloseWaitTimeout",
	]);
});

for (const [text, expected] of [
	["mode: iptables", true],
	["iptables: {localhostNodePorts: false}", false],
	["mode: nftables", false],
	["mode: ipvs\niptables: {localhostNodePorts: true}", false],
] as const) {
	test(`NodePorts are ${expected ? "" : "not "}served on loopback addresses with ${JSON.stringify(text)}`, (t) => {
		t.is(map(text).localhostNodePorts, expected);
	});
}

test("The sync period is that of the mode", (t) => {
	t.is(map("mode: ipvs\nipvs: {syncPeriod: 1m}\niptables: {syncPeriod: 2m}").syncPeriodMs, 60_000);
});

test("Detection by device carries the device", (t) => {
	t.deepEqual(map("detectLocalMode: BridgeInterface\ndetectLocal: {bridgeInterface: cni0}").detection, {
		mode: "BridgeInterface",
		device: "cni0",
	});
});

for (const [text, says] of [
	["mode: kernelspace", /^f: mode is "kernelspace"; it must be iptables, ipvs or nftables$/],
	["detectLocalMode: Magic", /^f: detectLocalMode is "Magic"; it must be ClusterCIDR/],
	[
		"detectLocalMode: BridgeInterface",
		/^f: detectLocalMode is BridgeInterface, so detectLocal\.bridgeInterface must be set$/,
	],
	["oomScoreAdj: 2000", /^f: oomScoreAdj is 2000; /],
] as const) {
	test(`A configuration with ${JSON.stringify(text)} is refused`, (t) => {
		t.throws(() => map(text), { message: says });
	});
}
