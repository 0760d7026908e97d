/** The real programs over maps of their own, with policy enforced, for packets in words. */
import { type BpfObject, inNetworkNamespace, loadObject, openSpec } from "bpf-loader";
import { openLruHash, openPerCpuArray } from "bpf-maps";
import {
	Direction,
	Hook,
	type Names,
	PodInterface,
	PolicyFlag,
	Reason,
	reasonDocs,
	maps as shapes,
} from "../../../src/dataplane/generated/tc.ts";
import { openPolicyMaps, type PolicyMaps } from "../../../src/dataplane/policy-maps.ts";
import { deletePolicyLeftovers, writePolicyStep } from "../../../src/dataplane/policy-sync.ts";
import { packetObjectPath } from "../../../src/dataplane/service-maps.ts";
import type { ApiObject } from "../../../src/model/objects.ts";
import { createPolicyPlanner, type PolicyPlanner } from "../../../src/plan/policy/planner.ts";
import { createLab, type Lab } from "../../lab/lab.ts";
import { buildFrame, type PacketWords } from "../../packets/build.ts";
import { NODE, setOf } from "../../plan/policy/cluster.ts";

/** What the tests of this directory answer for, and the scenarios of bpf/ do not. */
export const POLICY_REASONS = [
	"POLICY_EGRESS",
	"POLICY_INGRESS",
	"SPOOFED_SOURCE",
	"UNKNOWN_POD",
	"FLOW_ALLOWED",
] as const;
export const POLICY_MAPS: readonly (keyof typeof shapes)[] = [
	"policy_state",
	"pods",
	"pod_interfaces",
	"pod_names",
	"own_addresses",
	"peer_addresses",
	"peer_classes",
	"policy_rules",
	"policy_flows",
	"policy_names",
	"set_policies",
	"rule_hits",
	"judging",
	"events",
	"event_heads",
];

/** A test run's packet comes by lo. */
export const IFINDEX = 1;
/** An interface that no test run's packet comes by. */
export const ELSEWHERE = 77;
const DROP = 2;
const SECOND_NS = 1_000_000_000n;
const SIZES = { conntrack: 64, conntrack_reply: 64, policy_flows: 65_536, policy_rules: 65_536 };

export type Side = "sends" | "is sent";

/** Closes with `close()`. */
export interface PolicyBench {
	object: BpfObject<Names>;
	maps: PolicyMaps;
	/** Writes what objects change; `ifindexOf` says where a pod's address is, by default where packets come by. */
	apply(objects: readonly ApiObject[], ifindexOf?: (address: string) => number | undefined): void;
	/** As if nothing had been yet. */
	reset(): void;
	/** Forgets the flows that were let pass. */
	forgetFlows(): void;
	/** As if all flows had been silent for so long. */
	wait(seconds: number): void;
	/** What policy says of a packet: undefined where it passes, else the reason's name. */
	judge(side: Side, packet: PacketWords): string | undefined;
	/** Every reason that `judge` has given. */
	readonly reasons: ReadonlySet<string>;
	close(): void;
}

export function createPolicyBench(name: string): PolicyBench {
	const lab: Lab = createLab(name);
	const namespace = lab.namespace("node");
	const sizes = Object.entries(SIZES).map(([map, maxEntries]) => [map, { maxEntries }]);
	const object = loadObject<Names>(openSpec(packetObjectPath), { maps: Object.fromEntries(sizes) });
	const maps = openPolicyMaps(object.maps);
	const flows = openLruHash(object.maps.policy_flows, shapes.policy_flows);
	const counters = openPerCpuArray(object.maps.counters, shapes.counters);
	let planner: PolicyPlanner = createPolicyPlanner({ nodeName: NODE });

	function refusals(direction: Direction): Map<string, bigint> {
		const names = (Object.keys(reasonDocs) as (keyof typeof reasonDocs)[]).filter(
			(each) => Reason[each] >= Reason.REFUSED,
		);
		return new Map(
			names.map((each) => {
				const index = (Reason[each] * Hook.COUNT + Hook.POD) * Direction.COUNT + direction;
				return [each, (counters.get(index) ?? []).reduce((sum, { packets }) => sum + packets, 0n)];
			}),
		);
	}

	const reasons = new Set<string>();
	const bench: PolicyBench = {
		object,
		reasons,
		maps,
		apply(objects, ifindexOf = () => IFINDEX) {
			for (const step of planner.update(objects.map(setOf))) {
				writePolicyStep(maps, step, { generation: 0, ifindexOf });
				deletePolicyLeftovers(maps, step);
			}
		},
		reset() {
			planner = createPolicyPlanner({ nodeName: NODE });
			for (const table of [
				maps.pods,
				maps.peerAddresses,
				maps.peerClasses,
				maps.rules,
				maps.names,
				maps.hits,
				maps.podNames,
				maps.setPolicies,
			])
				table.clear();
			maps.ownAddresses.clear();
			bench.forgetFlows();
			maps.state.set(0, { epoch: 1, generation: 0, flags: PolicyFlag.ENFORCED });
			maps.interfaces.set(IFINDEX, PodInterface.KNOWN);
		},
		forgetFlows: () => flows.clear(),
		wait(seconds) {
			const ns = BigInt(seconds) * SECOND_NS;
			for (const [key, value] of [...flows.entries()])
				flows.set(key, { ...value, seenNs: BigInt.asUintN(64, value.seenNs - ns) });
		},
		judge(side, packet) {
			const [program, direction] =
				side === "sends"
					? [object.programs.tc_pod_ingress, Direction.INGRESS]
					: [object.programs.tc_pod_egress, Direction.EGRESS];
			const before = refusals(direction);
			const { returnValue } = inNetworkNamespace(namespace.path, () =>
				program.testRun({ data: buildFrame(packet) }),
			);
			if (returnValue !== DROP) return undefined;
			const counted = [...refusals(direction)].find(([each, packets]) => packets !== before.get(each));
			const reason = counted?.[0] ?? "dropped without a reason";
			reasons.add(reason);
			return reason;
		},
		close() {
			object.close();
			lab.close();
		},
	};
	bench.reset();
	return bench;
}
