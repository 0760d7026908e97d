/** The real programs over maps of their own, for many packets: nothing but verdicts. */
import { type BpfObject, inNetworkNamespace, loadObject, openSpec, type Program } from "bpf-loader";
import { type MapTable, openLruHash } from "bpf-maps";
import {
	type Flow,
	type Names,
	PodInterface,
	PolicyFlag,
	type PolicyFlow,
	type PolicyState,
	maps as shapes,
} from "../../../src/dataplane/generated/tc.ts";
import { openPolicyMaps, type PolicyMaps } from "../../../src/dataplane/policy-maps.ts";
import { packetObjectPath } from "../../../src/dataplane/service-maps.ts";
import { createLab } from "../../lab/lab.ts";
import { buildFrame, type PacketWords } from "../../packets/build.ts";
import type { Probe } from "../../plan/policy/evaluate.ts";

/** A test run's packet comes by lo. */
export const IFINDEX = 1;
const DROP = 2;
/** Larger than what one case has. */
const SIZES = { conntrack: 64, conntrack_reply: 64, policy_flows: 65_536, policy_rules: 65_536 };
const NAMES: Readonly<Record<number, "TCP" | "UDP" | "SCTP">> = { 6: "TCP", 17: "UDP", 132: "SCTP" };
const FIRST_PORT = 20_000;
const PORTS = 40_000;

/** What a packet is to the pod. */
export type Side = "sends" | "is sent";

/** Closes with `close()`. */
export interface PolicyKernel {
	object: BpfObject<Names>;
	maps: PolicyMaps;
	flows: MapTable<Flow, PolicyFlow>;
	/** Enforced, unless other flags are told, and never changed, unless another epoch is. */
	setState(state?: Partial<PolicyState>): void;
	/** As if nothing had been yet; addresses of the node may be given. */
	reset(own?: readonly string[]): void;
	/** Runs in the namespace of the programs: to be called around many probes. */
	within<Result>(work: () => Result): Result;
	/** By the hook of the pod that sends, where there is one here, then by that of the pod that is sent. */
	allows(probe: Probe): boolean;
	/** By the hook of one side alone, and remembered where it passes. */
	passes(side: Side, packet: PacketWords): boolean;
	close(): void;
}

/** `object`: path of another object than the package's own. */
export function createPolicyKernel(name: string, path = packetObjectPath): PolicyKernel {
	const lab = createLab(name);
	const namespace = lab.namespace("node");
	const sizes = Object.entries(SIZES).map(([map, maxEntries]) => [map, { maxEntries }]);
	const object = loadObject<Names>(openSpec(path), { maps: Object.fromEntries(sizes) });
	const maps = openPolicyMaps(object.maps);
	const flows = openLruHash(object.maps.policy_flows, shapes.policy_flows);
	const { tc_pod_ingress: sends, tc_pod_egress: receives } = object.programs;
	let dials = 0;

	const passes = (program: Program, packet: PacketWords) =>
		program.testRun({ data: buildFrame(packet) }).returnValue !== DROP;
	const opens = (program: Program, { from, to, protocol, port }: Probe) => {
		const words = { from, to, protocol: NAMES[protocol] ?? protocol, destinationPort: port };
		const sourcePort = FIRST_PORT + (dials % PORTS);
		return passes(program, { ...words, sourcePort, flags: "SYN", chunk: "INIT" });
	};
	const setState = (state: Partial<PolicyState> = {}) =>
		maps.state.set(0, { epoch: 1, generation: 1, adoptUntilNs: 0n, flags: PolicyFlag.ENFORCED, ...state });
	return {
		object,
		maps,
		flows,
		setState,
		reset(own = []) {
			const { interfaces, pods, ownAddresses, peerAddresses, peerClasses, rules } = maps;
			for (const table of [pods, ownAddresses, peerAddresses, peerClasses, rules]) table.clear();
			for (const table of [maps.podNames, maps.names, maps.hits, maps.setPolicies]) table.clear();
			flows.clear();
			ownAddresses.setAll(own.map((address) => [address, 1]));
			setState();
			interfaces.set(IFINDEX, PodInterface.KNOWN);
		},
		within: (work) => inNetworkNamespace(namespace.path, work),
		allows(probe) {
			// A source port of its own: what was let pass before is no answer.
			if (++dials % PORTS === 0) flows.clear();
			if (maps.pods.has(probe.from) && !opens(sends, probe)) return false;
			return !maps.pods.has(probe.to) || opens(receives, probe);
		},
		passes: (side, packet) => passes(side === "sends" ? sends : receives, packet),
		close() {
			object.close();
			lab.close();
		},
	};
}
