/**
 * Chains that kube-proxy makes in its iptables and IPVS modes. Named one by one: KUBE-FIREWALL, KUBE-MARK-DROP,
 * KUBE-KUBELET-CANARY and KUBE-IPTABLES-HINT are the kubelet's, KUBE-ROUTER-… and KUBE-HOSTPORTS those of others.
 */
const CHAINS = new Set([
	"KUBE-SERVICES",
	"KUBE-EXTERNAL-SERVICES",
	"KUBE-NODEPORTS",
	"KUBE-POSTROUTING",
	"KUBE-MARK-MASQ",
	"KUBE-FORWARD",
	"KUBE-PROXY-FIREWALL",
	"KUBE-PROXY-CANARY",
	"KUBE-LOAD-BALANCER",
	"KUBE-NODE-PORT",
	"KUBE-SOURCE-RANGES-FIREWALL",
	"KUBE-IPVS-FILTER",
	"KUBE-IPVS-OUT-FILTER",
]);

/** One for each Service port or endpoint, with a hash of 16 letters. */
const HASHED = /^KUBE-(SVC|SVL|SEP|FW|EXT|XLB)-[A-Z2-7]{16}$/;

/** Sets of its IPVS mode. */
const SETS =
	/^KUBE-(6-)?(LOOP-BACK|CLUSTER-IP|EXTERNAL-IP|EXTERNAL-IP-LOCAL|LOAD-BALANCER.*|NODE-PORT.*|HEALTH-CHECK-NODE-PORT|IPVS-IPS)$/;

/** Whether kube-proxy makes a chain of this name. */
export function isKubeProxyChain(name: string): boolean {
	return CHAINS.has(name) || HASHED.test(name);
}

/** Whether kube-proxy makes an IP set of this name. */
export function isKubeProxySet(name: string): boolean {
	return SETS.test(name);
}

/** Table of its nftables mode, in each family. */
export const NFT_TABLE = "kube-proxy";
/** Device of its IPVS mode, which has every ClusterIP. */
export const IPVS_DEVICE = "kube-ipvs0";
