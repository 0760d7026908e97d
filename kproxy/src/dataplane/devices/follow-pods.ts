import { isDeepStrictEqual } from "node:util";
import { type NetworkSnapshot, openNeighbourhood } from "bpf-loader";
import type { Problem } from "../../problem.ts";
import type { ClassifiedDevice } from "./classify.ts";
import { podInterfaces } from "./pod-interfaces.ts";
import { podProblems } from "./pod-problems.ts";
import { NO_FACTS, readPodFacts } from "./read-pod-facts.ts";
import { type PodAddresses, type PodTies, tiePods } from "./tie-pods.ts";

/** How often the kernel is asked without a change that we were told of, in ms. */
export interface PodTimes {
	/** Where an address is untied or a question failed: at first after this, then twice as long each time. */
	retryMs: number;
	/** Otherwise, and at the longest: other ends' addresses, routes and neighbours change without a word to us. */
	rereadMs: number;
}

const TIMES: PodTimes = { retryMs: 250, rereadMs: 5000 };

/** What is told of pods and interfaces. */
export interface PodFollowOptions {
	/** Gets the ties, now and whenever they differ, before what made them differ returns. Must not throw. */
	onTies(ties: PodTies): void;
	/** Gets all problems there are, whenever they differ. */
	onProblems(problems: Problem[]): void;
	times?: Partial<PodTimes>;
}

/** Pods and interfaces that are followed until `close()`. */
export interface PodFollower extends Disposable {
	/** What `followDevices` gives to `onDevices`; a new interface has been told of when this returns. */
	setNetwork(network: NetworkSnapshot, devices: readonly ClassifiedDevice[]): void;
	/** All pods of this node that have a network of their own; what can be tied is tied when this returns. */
	setPods(pods: readonly PodAddresses[]): void;
	ties(): PodTies;
	close(): void;
}

/** Ties pods to interfaces of the network namespace that the thread is in now. Throws BpfError where it cannot begin. */
export function followPods({ onTies, onProblems, times }: PodFollowOptions): PodFollower {
	const { retryMs, rereadMs } = { ...TIMES, ...times };
	const neighbourhood = openNeighbourhood();
	let network: Pick<NetworkSnapshot, "links"> = { links: [] };
	let interfaces = podInterfaces(network, []);
	let pods: readonly PodAddresses[] = [];
	let facts = NO_FACTS;
	let ties = tiePods(pods, facts);
	let problems: Problem[] = [];
	let timer: NodeJS.Timeout | undefined;
	let waitMs = retryMs;
	onTies(ties);

	const sync = () => {
		clearTimeout(timer);
		const addresses = pods.flatMap((pod) => pod.addresses);
		const read = readPodFacts(neighbourhood, { network, interfaces, addresses, before: facts });
		facts = read.facts;
		tell(tiePods(pods, facts, ties.ties), read.failures);
		const settled = ties.untied.length === 0 && read.failures.length === 0;
		const delayMs = settled ? rereadMs : Math.min(waitMs, rereadMs);
		waitMs = settled ? retryMs : delayMs * 2;
		timer = setTimeout(sync, delayMs).unref();
	};
	const tell = (found: PodTies, failures: readonly unknown[]) => {
		if (!isDeepStrictEqual(found, ties)) {
			ties = found;
			onTies(ties);
		}
		const now = podProblems(ties, failures);
		if (isDeepStrictEqual(now, problems)) return;
		problems = now;
		onProblems(problems);
	};
	const changed = () => {
		waitMs = retryMs;
		sync();
	};
	const close = () => {
		clearTimeout(timer);
		neighbourhood.close();
	};
	return {
		setNetwork(snapshot, devices) {
			network = snapshot;
			interfaces = podInterfaces(snapshot, devices);
			changed();
		},
		setPods(wanted) {
			pods = wanted;
			changed();
		},
		ties: () => ties,
		close,
		[Symbol.dispose]: close,
	};
}
