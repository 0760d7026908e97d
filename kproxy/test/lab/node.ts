import { join } from "node:path";
import { type Addresses, podAddresses } from "./addresses.ts";
import { type CommandResult, Daemon, kproxyCommand } from "./daemon.ts";
import { createHost, type Host } from "./host.ts";
import type { Lab } from "./lab.ts";
import { createPod, type Pod, type PodOptions, podOnHost } from "./pod.ts";
import { PodLinks, type PodStyle } from "./pod-links.ts";

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
	/** Also of its pods made so far. */
	setOffload(on: boolean): void;
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
	const pods = new Set<Host>();
	let last = 1;
	return {
		...host,
		cgroups,
		gateway,
		bpffs,
		pod(podName, { hook = true, hostNetwork = false, style: podStyle = style, late = false } = {}) {
			const cgroup = hook ? cgroups.pods : cgroups.sandboxed;
			if (hostNetwork) return podOnHost(lab, { node: host, name: podName, cgroup });
			const pod = createPod(lab, {
				name: podName,
				cgroup,
				node: { ...host, number, pods },
				links,
				podNumber: ++last,
				style: podStyle,
				late,
				...(mtu !== undefined && { mtu }),
			});
			pods.add(pod);
			return pod;
		},
		setOffload(on) {
			for (const each of [host, ...pods]) each.setOffload(on);
		},
		startKproxy(starting) {
			const device = options.addresses ? ["--device", "eth0"] : [];
			const args = [...device, ...(starting.args ?? [])];
			return startKproxy(lab, { host, cgroups, bpffs, starting: { ...starting, args } });
		},
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
	const identity = ["--node-name", host.name, "--node-ip", `${host.IPv4},${host.IPv6}`];
	return new Daemon(lab, {
		namespace: host.namespace,
		bpffs,
		cgroup: cgroups.hooked,
		runsIn: cgroups.others,
		args: [...source, ...identity, ...args],
		...(kproxy && { kproxy }),
	});
}
