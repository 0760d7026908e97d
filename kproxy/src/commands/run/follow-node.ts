import {
	hostAddresses,
	isPodDevice,
	podCidrs,
	primaryAddresses,
	serviceCidrs,
} from "../../config/cluster-ranges.ts";
import { writeCluster } from "../../dataplane/devices/cluster-ranges.ts";
import {
	type DeviceSettings,
	type FollowOptions,
	followDevices,
} from "../../dataplane/devices/follow-devices.ts";
import { openNodeMaps } from "../../dataplane/devices/node-maps.ts";
import type { Dataplane } from "../../dataplane/open-dataplane.ts";
import type { ClusterFacts } from "../../pipeline.ts";
import type { Problem } from "../../problem.ts";
import type { Logger } from "../../serve/logger.ts";
import type { Settings } from "./settings.ts";

/** Programs on the node's devices, and the maps that say where the node is, kept right. */
export interface NodeFollower extends Disposable {
	/** Takes what API objects say of the node and the cluster. */
	update(facts: Pick<ClusterFacts, "node" | "serviceCIDRs">): void;
}

/** Attaches to every device of this network namespace and follows them. `onProblems` gets all that there are. */
export function followNode(
	{ handles, packetPrograms, layout }: Dataplane,
	{
		settings,
		log,
		onProblems,
		onDevices,
	}: {
		settings: Settings;
		log: Logger;
		onProblems(problems: Problem[]): void;
		onDevices?: FollowOptions["onDevices"];
	},
): NodeFollower {
	const { network, detection, localhostNodePorts } = settings;
	const maps = openNodeMaps(handles);
	let ofDevices: Problem[] = [];
	let ofRanges = writeRanges([], []);

	function writeRanges(fromObjects: readonly string[], nodePodCidrs: readonly string[]): Problem[] {
		const { used, leftOut } = serviceCidrs(network.serviceCidrs, fromObjects);
		return writeCluster(maps.cluster, {
			serviceCidrs: [...used, ...leftOut],
			podCidrs: podCidrs({ detection, clusterCidrs: network.clusterCidrs }, nodePodCidrs),
		});
	}

	const follower = followDevices({
		programs: packetPrograms,
		maps,
		links: layout.links,
		...(onDevices && { onDevices }),
		settings: {
			devices: network.devices,
			nodeIPs: network.nodeIps,
			isPodDevice: (name) => isPodDevice(name, detection) === true,
			nodePortAddresses: network.nodePortAddresses,
			localhostNodePorts,
		} satisfies DeviceSettings,
		onProblems(problems) {
			ofDevices = problems;
			onProblems([...ofDevices, ...ofRanges]);
		},
		onAttached({ outcomes }) {
			const { kept, ...changed } = outcomes;
			if (Object.values(changed).some((count) => count > 0)) log.info({ ...outcomes }, "devices");
		},
	});
	return {
		update({ node, serviceCIDRs }) {
			ofRanges = writeRanges(serviceCIDRs, node?.podCIDRs ?? []);
			const nodeIPs = primaryAddresses(network.nodeIps, hostAddresses(node?.addresses ?? []));
			follower.update({ nodeIPs });
		},
		[Symbol.dispose]: () => follower.close(),
	};
}
