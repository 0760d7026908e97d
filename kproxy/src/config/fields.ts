/** What a value of a field may be: `duration` as Go writes it (`1m30s`), `texts` a list, `gates` names to true or false. */
export type FieldKind = "text" | "flag" | "number" | "duration" | "texts" | "gates" | "any";

/** One field of a KubeProxyConfiguration. */
export interface Field {
	kind: FieldKind;
	/** What becomes of it, for the docs; undefined: it has no meaning here. */
	becomes?: string;
	/** Why it has no meaning here. */
	why?: string;
}

const WINDOWS = "for Windows";
const NETFILTER = "nf_conntrack of the kernel is left as it is; kproxy follows flows in maps of its own";
const CLIENT = "the daemon makes one list and one watch for each kind, in JSON";
const IPVS = "for the IPVS mode";
const AT_ONCE = "changes are written as they come, each by itself";
const MARK = "no packet is marked";

/** Every field of kubeproxy.config.k8s.io/v1alpha1 as kube-proxy 1.36 has it, and some of older releases. By path. */
export const FIELDS: Readonly<Record<string, Field>> = {
	featureGates: { kind: "gates", why: "gates of kube-proxy's own code" },
	"clientConnection.kubeconfig": { kind: "text", becomes: "`--kubeconfig`" },
	"clientConnection.acceptContentTypes": { kind: "text", why: CLIENT },
	"clientConnection.contentType": { kind: "text", why: CLIENT },
	"clientConnection.qps": { kind: "number", why: CLIENT },
	"clientConnection.burst": { kind: "number", why: CLIENT },
	"logging.format": { kind: "text", becomes: "`--log-format`" },
	"logging.verbosity": { kind: "number", becomes: "`--log-level`: debug from 4 on, else info" },
	"logging.flushFrequency": { kind: "any", why: "lines are written at once" },
	"logging.vmodule": { kind: "any", why: "the log has no modules" },
	"logging.options": { kind: "any", why: "there is one stream, and lines are written at once" },
	hostnameOverride: { kind: "text", becomes: "`--node-name`" },
	bindAddress: {
		kind: "text",
		becomes: "`--node-ip`, unless it is 0.0.0.0 or ::; an IPv6 one makes the default ports listen on IPv6",
	},
	healthzBindAddress: { kind: "text", becomes: "`--healthz-bind-address`" },
	metricsBindAddress: { kind: "text", becomes: "`--metrics-bind-address`" },
	bindAddressHardFail: { kind: "flag", why: "a port that is taken always ends the start, with one line" },
	enableProfiling: { kind: "flag", why: "there is no profiling over HTTP" },
	showHiddenMetricsForVersion: { kind: "text", why: "no metric is hidden" },
	mode: {
		kind: "text",
		becomes: "no mode, but its defaults for `nodePortAddresses` and NodePorts on loopback addresses",
	},
	"iptables.masqueradeBit": { kind: "number", why: MARK },
	"iptables.masqueradeAll": { kind: "flag", becomes: "`--masquerade-all`, where the mode is not nftables" },
	"iptables.localhostNodePorts": { kind: "flag", becomes: "NodePorts on 127.0.0.0/8, in mode iptables" },
	"iptables.snatNodeInternalIP": {
		kind: "flag",
		why: "translated packets leave with the address of their device",
	},
	"iptables.syncPeriod": {
		kind: "duration",
		becomes: "the daemon is unhealthy once a change has waited for two of them",
	},
	"iptables.minSyncPeriod": { kind: "duration", why: AT_ONCE },
	"ipvs.syncPeriod": { kind: "duration", becomes: "as `iptables.syncPeriod`, in mode ipvs" },
	"ipvs.minSyncPeriod": { kind: "duration", why: AT_ONCE },
	"ipvs.scheduler": { kind: "text", why: `${IPVS}; kproxy picks at random, as the other modes do` },
	"ipvs.excludeCIDRs": { kind: "texts", why: IPVS },
	"ipvs.strictARP": { kind: "flag", why: `${IPVS}; no address of a Service is put on a device` },
	"ipvs.tcpTimeout": { kind: "duration", why: IPVS },
	"ipvs.tcpFinTimeout": { kind: "duration", why: IPVS },
	"ipvs.udpTimeout": { kind: "duration", why: IPVS },
	"nftables.masqueradeBit": { kind: "number", why: MARK },
	"nftables.masqueradeAll": { kind: "flag", becomes: "`--masquerade-all`, in mode nftables" },
	"nftables.syncPeriod": { kind: "duration", becomes: "as `iptables.syncPeriod`, in mode nftables" },
	"nftables.minSyncPeriod": { kind: "duration", why: AT_ONCE },
	"winkernel.networkName": { kind: "text", why: WINDOWS },
	"winkernel.sourceVip": { kind: "text", why: WINDOWS },
	"winkernel.enableDSR": { kind: "flag", why: WINDOWS },
	"winkernel.rootHnsEndpointName": { kind: "text", why: WINDOWS },
	"winkernel.forwardHealthCheckVip": { kind: "flag", why: WINDOWS },
	detectLocalMode: { kind: "text", becomes: "how clients in the cluster are told from those outside" },
	"detectLocal.bridgeInterface": {
		kind: "text",
		becomes: "a pod interface, where the mode is BridgeInterface",
	},
	"detectLocal.interfaceNamePrefix": {
		kind: "text",
		becomes: "pod interfaces, where the mode is InterfaceNamePrefix",
	},
	clusterCIDR: {
		kind: "text",
		becomes: "`--cluster-cidr`, where `detectLocalMode` is ClusterCIDR or not set",
	},
	nodePortAddresses: { kind: "texts", becomes: "`--node-port-addresses`" },
	oomScoreAdj: { kind: "number", becomes: "the daemon's own `/proc/self/oom_score_adj`" },
	"conntrack.maxPerCore": { kind: "number", why: NETFILTER },
	"conntrack.min": { kind: "number", why: NETFILTER },
	"conntrack.tcpEstablishedTimeout": { kind: "duration", why: NETFILTER },
	"conntrack.tcpCloseWaitTimeout": { kind: "duration", why: NETFILTER },
	"conntrack.tcpBeLiberal": { kind: "flag", why: NETFILTER },
	"conntrack.udpTimeout": { kind: "duration", why: NETFILTER },
	"conntrack.udpStreamTimeout": { kind: "duration", becomes: "`--udp-timeout`, where it is above 0" },
	configSyncPeriod: { kind: "duration", why: "the watch says what changes" },
	portRange: { kind: "text", why: "without meaning in kube-proxy, too" },
	windowsRunAsService: { kind: "flag", why: WINDOWS },
	udpIdleTimeout: { kind: "duration", why: "of the userspace mode, which is gone" },
};
