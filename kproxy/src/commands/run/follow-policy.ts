import type { NetworkSnapshot } from "bpf-loader";
import type { ClassifiedDevice } from "../../dataplane/devices/classify.ts";
import { followPods } from "../../dataplane/devices/follow-pods.ts";
import { writeMap } from "../../dataplane/devices/node-maps.ts";
import type { Dataplane } from "../../dataplane/open-dataplane.ts";
import { openPolicyMaps } from "../../dataplane/policy-maps.ts";
import { createPolicyPipeline, endPolicy, type PolicyPipeline } from "../../policy-pipeline.ts";
import type { Problem } from "../../problem.ts";
import type { PolicyStatus } from "../../serve/daemon-status.ts";
import type { Logger } from "../../serve/logger.ts";
import type { Settings } from "./settings.ts";

/** As long after a failure the kernel is written anew. */
const RETRY_MS = 1000;

/** NetworkPolicy on the interfaces of this node's pods. */
export interface PolicyFollower extends Disposable {
	readonly pipeline: PolicyPipeline;
	/** Takes devices that are to have programs, before those that are new have any. */
	setNetwork(this: void, network: NetworkSnapshot, devices: readonly ClassifiedDevice[]): void;
	describe(): PolicyStatus;
}

/**
 * Starts to enforce, where the settings say so; else ends what an earlier daemon has enforced. `retry` is called when what
 * could not be written outside of a pass is to be tried again.
 */
export function startPolicy(
	{ handles }: Dataplane,
	{
		settings: { policy: settings, nodeName },
		log,
		onProblems,
		retry,
	}: { settings: Settings; log: Logger; onProblems(problems: Problem[]): void; retry(): void },
): PolicyFollower | undefined {
	const maps = openPolicyMaps(handles);
	if (settings === undefined) {
		if (endPolicy(maps)) log.warn("NetworkPolicies are not enforced any more: --policy is not given");
		return undefined;
	}
	let ofPods: Problem[] = [];
	let ofAddresses: Problem[] = [];
	const report = () => onProblems([...ofPods, ...ofAddresses]);
	const pipeline = createPolicyPipeline({
		maps,
		nodeName,
		settings,
		onPods: (pods) => follower.setPods(pods),
	});
	const follower = followPods({
		onTies(ties) {
			if (!pipeline.setTies(ties)) setTimeout(retry, RETRY_MS).unref();
		},
		onProblems(problems) {
			ofPods = problems;
			report();
		},
	});
	return {
		pipeline,
		setNetwork(network, devices) {
			ofAddresses = writeMap(
				maps.ownAddresses,
				new Map(network.addresses.map(({ address }) => [address, 1] as const)),
			);
			report();
			follower.setNetwork(network, devices);
		},
		describe: () => ({ ...pipeline.counts(), untied: follower.ties().untied.length }),
		[Symbol.dispose]: () => follower.close(),
	};
}
