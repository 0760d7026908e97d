/** Every probe of the conformance data as a packet through the real programs, over maps that are written step by step. */
import test from "ava";
import { type BpfObject, inNetworkNamespace, loadObject, openSpec } from "bpf-loader";
import { openLruHash } from "bpf-maps";
import { type Names, PodInterface, PolicyFlag, maps as shapes } from "../../../src/dataplane/generated/tc.ts";
import { openPolicyMaps, type PolicyMaps } from "../../../src/dataplane/policy-maps.ts";
import { deletePolicyLeftovers, writePolicyStep } from "../../../src/dataplane/policy-sync.ts";
import { packetObjectPath } from "../../../src/dataplane/service-maps.ts";
import { createPolicyPlanner } from "../../../src/plan/policy/planner.ts";
import { createLab, type Lab, sweepLabs } from "../../lab/lab.ts";
import type { Namespace } from "../../lab/namespaces.ts";
import { buildFrame } from "../../packets/build.ts";
import { NODE } from "../../plan/policy/cluster.ts";
import { CONFORMANCE_FILES, conformanceSteps } from "../../plan/policy/conformance.ts";
import type { Probe } from "../../plan/policy/evaluate.ts";

/** A test run's packet comes by lo. */
const IFINDEX = 1;
const DROP = 2;
/** Larger than what one case has. */
const SIZES = { conntrack: 64, conntrack_reply: 64, policy_flows: 65_536, policy_rules: 65_536 };

let lab: Lab;
let namespace: Namespace;
let object: BpfObject<Names>;
let maps: PolicyMaps;

test.before(() => {
	sweepLabs();
	lab = createLab("policy");
	namespace = lab.namespace("node");
	const sizes = Object.entries(SIZES).map(([name, maxEntries]) => [name, { maxEntries }]);
	object = loadObject<Names>(openSpec(packetObjectPath), { maps: Object.fromEntries(sizes) });
	maps = openPolicyMaps(object.maps);
	maps.state.set(0, { epoch: 1, generation: 0, flags: PolicyFlag.ENFORCED });
	maps.interfaces.set(IFINDEX, PodInterface.KNOWN);
});

test.after.always(() => {
	object?.close();
	lab?.close();
});

/** What is remembered would pass whatever policy says now, and what is left of the last case must not answer. */
function forget(everything: boolean): void {
	openLruHash(object.maps.policy_flows, shapes.policy_flows).clear();
	if (!everything) return;
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
}

/** By the hook of the pod that sends, then by that of the pod that is sent. */
function passes({ from, to, protocol, port }: Probe): boolean {
	const name = ({ 6: "TCP", 17: "UDP", 132: "SCTP" } as const)[protocol] ?? protocol;
	const ends = { from, to, protocol: name, sourcePort: 40_000, destinationPort: port };
	const frame = buildFrame({ ...ends, flags: "SYN", chunk: "INIT" });
	return [object.programs.tc_pod_ingress, object.programs.tc_pod_egress].every(
		(program) => program.testRun({ data: frame }).returnValue !== DROP,
	);
}

for (const [file, least] of CONFORMANCE_FILES) {
	test.serial(`The programs answer every probe of ${file}`, (t) => {
		t.timeout(600_000);
		let count = 0;
		const wrong: string[] = [];
		let planner = createPolicyPlanner({ nodeName: NODE });
		inNetworkNamespace(namespace.path, () => {
			for (const { name, isFirst, changes, probes } of conformanceSteps(file)) {
				forget(isFirst);
				if (isFirst) planner = createPolicyPlanner({ nodeName: NODE });
				for (const step of planner.update(changes)) {
					writePolicyStep(maps, step, { generation: 0, ifindexOf: () => IFINDEX });
					deletePolicyLeftovers(maps, step);
				}
				count += probes.length;
				for (const { probe, expected, text } of probes)
					if (passes(probe) !== expected) wrong.push(`${name}: ${text} must be ${expected}`);
			}
		});
		t.log(`${count} probes`);
		t.deepEqual(wrong.slice(0, 10), [], `${wrong.length} wrong`);
		t.true(count > least, `${count} probes`);
	});
}
