import { join } from "node:path";
import { type Addresses, furtherAddresses, podAddresses } from "./addresses.ts";
import { type CommandResult, Daemon, kproxyCommand } from "./daemon.ts";
import { createHost, type Host } from "./host.ts";
import type { Lab } from "./lab.ts";
import type { Namespace } from "./namespaces.ts";
import { PodLinks, type PodStyle } from "./pod-links.ts";

/** A pod: a host of its own, or with `hostNetwork` a process of its node. */
export interface Pod extends Host {
	node: string;
	/** Gives it that many further addresses of each family. To be called once, and on a routed pod. */
	addAddresses(count: number): Addresses[];
}

/** How a pod differs from others. */
export interface PodOptions {
	/** `false`: its sockets are out of kproxy's sight, as in a sandboxed pod. */
	hook?: boolean;
	/** It has no network of its own. */
	hostNetwork?: boolean;
	/** The node's unless told. */
	style?: PodStyle;
}

/** A node's cgroups. kproxy attaches to `hooked`, and so serves `pods` and `host` below it; the others are beside it. */
export interface NodeCgroups {
	hooked: string;
	pods: string;
	host: string;
	sandboxed: string;
	others: string;
}

/** How to start a node's kproxy. */
export interface StartOptions {
	/** A directory of manifests, unless `kubeconfig` is given. */
	manifests?: string;
	kubeconfig?: string;
	/** Further arguments. */
	args?: readonly string[];
	/** `SOURCE` unless told. */
	kproxy?: readonly string[];
}

/** A network namespace that stands for a node: it routes between its pods and the outside, where it has one. */
export interface LabNode extends Host {
	cgroups: NodeCgroups;
	/** Its address in its pods' subnet: what they see when it dials them. */
	gateway: Addresses;
	/** Where its kproxy pins. */
	bpffs: string;
	/** Makes a pod with addresses 10.244.NODE.N and fd00:10:244:NODE::N, N from 2 in the order of making, up to 255. */
	pod(name: string, options?: PodOptions): Pod;
	startKproxy(options: StartOptions): Daemon;
	/** Runs another command of kproxy in the node's namespace, such as `["frontends", "-o", "json"]`. */
	kproxy(args: readonly string[], kproxy?: readonly string[]): CommandResult;
	/** Reverse path filter of every device, made and to come: 0 none, 1 strict, 2 loose. */
	setReversePathFilter(value: 0 | 1 | 2): void;
}

/** What a node is made of. Without an address it has no outside, and is known by its address for pods. */
export interface NodeOptions {
	name?: string;
	number?: number;
	addresses?: Addresses;
	style?: PodStyle;
	mtu?: number;
}

/** Settings of a router, with proxies for the neighbours of bridged pods. */
const ROUTER = {
	"net.ipv4.ip_forward": 1,
	"net.ipv6.conf.all.forwarding": 1,
	"net.ipv6.conf.all.proxy_ndp": 1,
	"net.ipv6.conf.default.proxy_ndp": 1,
};

/** Makes a node. Pods reach it, it reaches them, and they each other through it. */
export function createNode(lab: Lab, options: NodeOptions = {}): LabNode {
	const { name = "node", number = 0, style = "routed", mtu } = options;
	const gateway = podAddresses(number, 1);
	const namespace = lab.namespace(name, ROUTER);
	const cgroups = makeCgroups(lab, name);
	const host = createHost(lab, { name, namespace, cgroup: cgroups.host, ...(options.addresses ?? gateway) });
	const links = new PodLinks(namespace, gateway);
	const bpffs = join(lab.bpffs, name);
	let last = 1;
	return {
		...host,
		cgroups,
		gateway,
		bpffs,
		pod(podName, { hook = true, hostNetwork = false, style: podStyle = style } = {}) {
			const cgroup = hook ? cgroups.pods : cgroups.sandboxed;
			if (hostNetwork) return onHost(lab, { host, podName, cgroup });
			const number_ = ++last;
			const pod = createHost(lab, {
				name: podName,
				namespace: lab.namespace(podName),
				cgroup,
				...podAddresses(number, number_),
			});
			links.connect({ style: podStyle, device: `pod${number_}`, pod, ...(mtu !== undefined && { mtu }) });
			const addAddresses = (count: number) => addTo(namespace, { pod, node: number, number: number_, count });
			return { ...pod, node: name, addAddresses };
		},
		startKproxy: (starting) => startKproxy(lab, { host, cgroups, bpffs, starting }),
		kproxy: (args, kproxy) => kproxyCommand({ bpffs, within: namespace }, args, kproxy),
		setReversePathFilter: (value) =>
			// The kernel takes the larger of `all` and a device's own, and a new device takes over `default`.
			namespace.sysctls({ "net.ipv4.conf.*.rp_filter": value }),
	};
}

function makeCgroups(lab: Lab, node: string): NodeCgroups {
	lab.cgroup(node);
	return {
		hooked: lab.cgroup(`${node}/hooked`),
		pods: lab.cgroup(`${node}/hooked/pods`),
		host: lab.cgroup(`${node}/hooked/host`),
		sandboxed: lab.cgroup(`${node}/sandboxed`),
		others: lab.cgroup(`${node}/others`),
	};
}

function onHost(lab: Lab, { host, podName, cgroup }: { host: Host; podName: string; cgroup: string }): Pod {
	const { namespace, IPv4, IPv6 } = host;
	return {
		...createHost(lab, { name: podName, namespace, cgroup, IPv4, IPv6 }),
		node: host.name,
		addAddresses: () => {
			throw new Error(`${podName} has no network of its own: give addresses to a pod without hostNetwork`);
		},
	};
}

function startKproxy(
	lab: Lab,
	{
		host,
		cgroups,
		bpffs,
		starting,
	}: { host: Host; cgroups: NodeCgroups; bpffs: string; starting: StartOptions },
): Daemon {
	const { manifests, kubeconfig, args = [], kproxy } = starting;
	const source = kubeconfig === undefined ? ["--manifests", manifests ?? ""] : ["--kubeconfig", kubeconfig];
	const identity = ["--node-name", host.name, "--node-ip", `${host.IPv4},${host.IPv6}`, "--device", "eth0"];
	return new Daemon(lab, {
		namespace: host.namespace,
		bpffs,
		cgroup: cgroups.hooked,
		runsIn: cgroups.others,
		args: [...source, ...identity, ...args],
		...(kproxy && { kproxy }),
	});
}

function addTo(node: Namespace, of: { pod: Host; node: number; number: number; count: number }): Addresses[] {
	const { pod, number, count } = of;
	const addresses = Array.from({ length: count }, (_, index) =>
		furtherAddresses({ node: of.node, pod: number, index }),
	);
	pod.namespace.ip(
		addresses.flatMap(({ IPv4, IPv6 }) => [
			`addr add ${IPv4}/32 dev eth0`,
			`addr add ${IPv6}/128 dev eth0 nodad`,
		]),
	);
	// Via the pod's first address: the node need not ask for each of the others on the link.
	node.ip(
		addresses.flatMap(({ IPv4, IPv6 }) => [
			`route add ${IPv4}/32 via ${pod.IPv4} dev pod${number}`,
			`route add ${IPv6}/128 via ${pod.IPv6} dev pod${number}`,
		]),
	);
	return addresses;
}
