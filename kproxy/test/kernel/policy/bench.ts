/** The real programs over maps of their own, with policy enforced, for packets in words. */
import { openPerCpuArray } from "bpf-maps";
import { Direction, Hook, Reason, reasonDocs, maps as shapes } from "../../../src/dataplane/generated/tc.ts";
import { deletePolicyLeftovers, writePolicyStep } from "../../../src/dataplane/policy-sync.ts";
import type { ApiObject } from "../../../src/model/objects.ts";
import { createPolicyPlanner, type PolicyPlanner } from "../../../src/plan/policy/planner.ts";
import type { PacketWords } from "../../packets/build.ts";
import { NODE, setOf } from "../../plan/policy/cluster.ts";
import { createPolicyKernel, IFINDEX, type PolicyKernel, type Side } from "./policy-kernel.ts";

/** What policy can say. */
export const POLICY_REASONS = [
	"POLICY_EGRESS",
	"POLICY_INGRESS",
	"SPOOFED_SOURCE",
	"UNKNOWN_POD",
	"FLOW_ALLOWED",
] as const;
/** An interface that no test run's packet comes by. */
export const ELSEWHERE = 77;
const SECOND_NS = 1_000_000_000n;

/** Closes with `close()`. */
export interface PolicyBench extends Pick<PolicyKernel, "object" | "maps" | "setState" | "close"> {
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
}

export function createPolicyBench(name: string): PolicyBench {
	const kernel = createPolicyKernel(name);
	const { object, maps, flows } = kernel;
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
	kernel.reset();
	return {
		...kernel,
		reasons,
		apply(objects, ifindexOf = () => IFINDEX) {
			const generation = maps.state.get(0)?.generation ?? 0;
			for (const step of planner.update(objects.map(setOf))) {
				writePolicyStep(maps, step, { generation, ifindexOf });
				deletePolicyLeftovers(maps, step);
			}
		},
		reset() {
			planner = createPolicyPlanner({ nodeName: NODE });
			kernel.reset();
		},
		forgetFlows: () => flows.clear(),
		wait(seconds) {
			const ns = BigInt(seconds) * SECOND_NS;
			for (const [key, value] of [...flows.entries()])
				flows.set(key, { ...value, seenNs: BigInt.asUintN(64, value.seenNs - ns) });
		},
		judge(side, packet) {
			const direction = side === "sends" ? Direction.INGRESS : Direction.EGRESS;
			const before = refusals(direction);
			if (kernel.within(() => kernel.passes(side, packet))) return undefined;
			const counted = [...refusals(direction)].find(([each, packets]) => packets !== before.get(each));
			const reason = counted?.[0] ?? "dropped without a reason";
			reasons.add(reason);
			return reason;
		},
	};
}
