import { inNetworkNamespace, readNetwork, watchNetwork } from "bpf-loader";
import { classifyDevices } from "../../src/dataplane/devices/classify.ts";
import { followPods, type PodFollower, type PodTimes } from "../../src/dataplane/devices/follow-pods.ts";
import type { PodAddresses, PodTies } from "../../src/dataplane/devices/tie-pods.ts";
import type { Problem } from "../../src/problem.ts";
import type { Addresses } from "../lab/addresses.ts";
import { createLab, type Lab } from "../lab/lab.ts";
import { createNode, type LabNode } from "../lab/node.ts";

/** A node whose pods are tied to interfaces, with everything that was told of it. */
export interface PodStage extends Disposable {
	lab: Lab;
	node: LabNode;
	follower: PodFollower;
	/** The latest. */
	problems(): readonly Problem[];
	/** As the API would tell of pods: both addresses of each, by name. */
	setPods(pods: Readonly<Record<string, Addresses>>): void;
	/** Waits until the ties look like this: see {@link describeTies}. Rejects after 10 s. */
	until(fits: (described: DescribedTies) => boolean): Promise<DescribedTies>;
	/** Ties as they are now. */
	now(): DescribedTies;
}

/** Ties by names instead of indexes. */
export interface DescribedTies {
	/** By address, as in `pod2 peer`. */
	ties: Readonly<Record<string, string>>;
	/** By address, the reason. */
	untied: Readonly<Record<string, string>>;
	/** By name, whether a pod is known to be behind it. */
	interfaces: Readonly<Record<string, boolean>>;
}

/** Makes a node in a lab of its own, and follows its devices and pods from here. */
export function podStage(name: string, times: Partial<PodTimes> = {}): PodStage {
	const lab = createLab(name);
	const node = createNode(lab);
	const waiting = new Set<() => void>();
	let problems: readonly Problem[] = [];
	const inside = <T>(use: () => T): T => inNetworkNamespace(node.namespace.path, use);
	const lookAgain = () => {
		for (const look of waiting) look();
	};
	const follower = inside(() =>
		followPods({
			times,
			onTies: lookAgain,
			onProblems(found) {
				problems = found;
				lookAgain();
			},
		}),
	);
	const take = (network: ReturnType<typeof readNetwork>) =>
		follower.setNetwork(network, classifyDevices(network, { devices: [], nodeIPs: [] }).devices);
	const watch = inside(() =>
		watchNetwork({
			onChange: take,
			onError(error) {
				throw error;
			},
		}),
	);
	take(inside(readNetwork));
	return {
		lab,
		node,
		follower,
		problems: () => problems,
		setPods: (pods) => follower.setPods(Object.entries(pods).map(toPod)),
		now: () => describeTies(follower.ties()),
		until: (fits) =>
			new Promise((resolve, reject) => {
				const missed = () => reject(new Error(`never so: ${JSON.stringify(describeTies(follower.ties()))}`));
				const timer = setTimeout(missed, 10_000);
				const look = () => {
					const described = describeTies(follower.ties());
					if (!fits(described)) return;
					clearTimeout(timer);
					waiting.delete(look);
					resolve(described);
				};
				waiting.add(look);
				look();
			}),
		[Symbol.dispose]() {
			watch.close();
			follower.close();
			lab.close();
		},
	};
}

function toPod([name, { IPv4, IPv6 }]: [string, Addresses]): PodAddresses {
	return { pod: `default/${name}`, addresses: [IPv4, IPv6] };
}

function describeTies({ ties, untied, interfaces }: PodTies): DescribedTies {
	const names = new Map(interfaces.map(({ ifindex, name }) => [ifindex, name]));
	return {
		ties: Object.fromEntries(
			[...ties].map(([address, { ifindex, way }]) => [address, `${names.get(ifindex)} ${way}`]),
		),
		untied: Object.fromEntries(untied.map(({ address, reason }) => [address, reason])),
		interfaces: Object.fromEntries(interfaces.map(({ name, known }) => [name, known])),
	};
}
