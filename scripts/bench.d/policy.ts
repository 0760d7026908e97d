/** `scripts/bench policy`: ns for each packet of a pod with policy, and ms from a change of policy to the kernel. */
import { fileURLToPath } from "node:url";
import { type BpfObject, loadObject, openSpec, type Program, u32 } from "bpf-loader";
import { openArray, openLruHash } from "bpf-maps";
import { PodInterface, PolicyFlag, maps as shapes } from "../../kproxy/src/dataplane/generated/tc.ts";
import { openPolicyMaps, type PolicyMapNames } from "../../kproxy/src/dataplane/policy-maps.ts";
import { writePolicyWhole } from "../../kproxy/src/dataplane/policy-sync.ts";
import type { ApiObject } from "../../kproxy/src/model/objects.ts";
import { createPolicyPlanner } from "../../kproxy/src/plan/policy/planner.ts";
import { createPolicyPipeline, type PolicyPipeline } from "../../kproxy/src/policy-pipeline.ts";
import { NODE, namespace, pod, policy, setOf } from "../../kproxy/test/plan/policy/cluster.ts";
import { largeCluster, podNumber } from "../../kproxy/test/plan/policy/large-cluster.ts";
import { compile } from "./compile.ts";
import { type Figure, runPart } from "./figure.ts";
import { emptyFrame, median } from "./test-run.ts";

const SOURCE = fileURLToPath(new URL("policy.bpf.c", import.meta.url));
/** A test run's packet comes by lo. */
const IFINDEX = 1;
const PACKETS = 100_000;

/** A state of the maps, and what of it is measured. */
interface Setting {
	title: string;
	/** Undefined: policy is off. */
	objects: readonly ApiObject[] | undefined;
	peers: number;
	programs: readonly {
		title: string;
		program: string;
		maker: string;
		baseline?: string;
		aim?: Figure["aim"];
	}[];
}

const KNOWN = { title: "established flow", program: "known_out", maker: "make_known" };
const FRESH = { title: "new flow", program: "fresh_out", maker: "make_fresh" };
const OUTSIDE = { title: "new flow to a block", program: "outside_out", maker: "make_outside" };
const REMEMBER = { title: "look up a flow and insert it", program: "remember_fresh", maker: "make_fresh" };
const READ = { title: "read a line of 32 MiB", program: "read_fresh", maker: "make_fresh" };
const OFF = "policy off";
const FLOOR = `${OFF}, ${REMEMBER.title}`;

await runPart(async (quick) => [...packetFigures(quick), ...changeFigures(quick)]);

/** The pod may reach each of so many pods, or blocks, by a rule of its own. */
function rulesFor(count: number): ApiObject[] {
	const numbers = Array.from({ length: count }, (_, number) => number);
	const address = (first: number, number: number) => `${first}.${number >> 8}.${number & 255}`;
	return [
		namespace("ns"),
		pod("ns/pod", { ips: ["10.244.0.2"] }),
		...numbers.map((number) =>
			pod(`ns/p${number}`, {
				labels: { n: `${number}` },
				ips: [`10.${address(128, number)}`],
				node: "other",
			}),
		),
		policy("ns/rules", {
			podSelector: {},
			policyTypes: ["Egress"],
			egress: numbers.flatMap((number) => [
				{ to: [{ podSelector: { matchLabels: { n: `${number}` } } }], ports: [{ port: 80 }] },
				{ to: [{ ipBlock: { cidr: `172.${address(16, number)}/32` } }], ports: [{ port: 80 }] },
			]),
		}),
	];
}

function settings(quick: boolean): Setting[] {
	const above = { baseline: `${OFF}, ${KNOWN.title}` };
	const fresh = (title: string) => ({ baseline: FLOOR, aim: { atMost: 250, over: `${OFF}, ${title}` } });
	return [
		{ title: OFF, objects: undefined, peers: 1_000, programs: [KNOWN, FRESH, OUTSIDE, READ, REMEMBER] },
		{
			title: "no policy selects the pod",
			objects: rulesFor(10).slice(0, -1),
			peers: 10,
			programs: [
				{ ...KNOWN, ...above },
				{ ...FRESH, ...fresh(FRESH.title) },
			],
		},
		...(quick ? [10, 1_000] : [10, 1_000, 10_000]).map((count) => ({
			title: `${count.toLocaleString("en")} rules`,
			objects: rulesFor(count / 2),
			peers: count / 2,
			programs: [
				{ ...KNOWN, ...above },
				{ ...FRESH, ...fresh(FRESH.title) },
				{ ...OUTSIDE, ...fresh(OUTSIDE.title) },
			],
		})),
	];
}

function packetFigures(quick: boolean): Figure[] {
	const spec = openSpec(compile(SOURCE), { name: "policy" });
	using object = loadObject(spec, { variables: { coarse_clock: true } });
	return settings(quick).flatMap((setting) => measure(object, setting, quick ? 5 : 15));
}

function measure(object: BpfObject, { title, objects, peers, programs }: Setting, rounds: number): Figure[] {
	const maps = openPolicyMaps(object.maps as Parameters<typeof openPolicyMaps>[0]);
	const flows = openLruHash(handle(object, "policy_flows"), shapes.policy_flows);
	fill(maps, objects);
	openArray(handle(object, "peers"), { value: u32 }).set(0, peers);
	const samples = programs.map(() => [] as number[]);
	for (let round = 0; round < rounds; round++) {
		for (const [index, { program, maker }] of programs.entries()) {
			flows.clear();
			run(object, "known_out", 20_000);
			samples[index]?.push(run(object, program) - run(object, maker));
		}
	}
	return programs.map(({ title: what, baseline, aim }, index) => ({
		name: `${title}, ${what}`,
		value: median(samples[index] ?? []),
		unit: "ns",
		...(baseline !== undefined && { baseline }),
		...(aim !== undefined && { aim }),
	}));
}

function fill(maps: ReturnType<typeof openPolicyMaps>, objects: readonly ApiObject[] | undefined): void {
	for (const table of [maps.pods, maps.peerAddresses, maps.peerClasses, maps.rules, maps.names])
		table.clear();
	if (objects === undefined) {
		maps.state.set(0, { epoch: 1, generation: 1, adoptUntilNs: 0n, flags: PolicyFlag.OFF });
		return;
	}
	const planner = createPolicyPlanner({ nodeName: NODE });
	planner.update(objects.map(setOf), { isLive: false });
	writePolicyWhole(maps, planner.tables, { generation: 1, ifindexOf: () => IFINDEX });
	maps.interfaces.set(IFINDEX, PodInterface.KNOWN);
	maps.state.set(0, { epoch: 1, generation: 1, adoptUntilNs: 0n, flags: PolicyFlag.ENFORCED });
}

/** What a change costs from the batch to the last map write, at 5,000 pods, 1,000 policies and 10,000 blocks. */
function changeFigures(quick: boolean): Figure[] {
	const spec = openSpec(compile(SOURCE), { name: "policy" });
	using object = loadObject(spec, { variables: { coarse_clock: true } });
	const pipeline: PolicyPipeline = createPolicyPipeline({
		maps: openPolicyMaps(object.maps as Parameters<typeof openPolicyMaps>[0]),
		nodeName: NODE,
		settings: { unknownAllowed: false, recheck: false, noteFlows: false },
		onPods(pods) {
			const addresses = pods.flatMap(({ pod: name, addresses }) =>
				addresses.map((each) => [each, name] as const),
			);
			const ties = addresses.map(
				([address, name]) => [address, { pod: name, ifindex: IFINDEX, way: "peer" as const }] as const,
			);
			pipeline.setTies({ ties: new Map(ties), untied: [], interfaces: [] });
		},
	});
	let nowMs = 0;
	const pass = (objects: readonly ApiObject[]): number => {
		const startMs = performance.now();
		nowMs += 10_000;
		const { problems } = pipeline.pass({ changes: objects.map(setOf), synced: true }, nowMs);
		if (problems[0]) throw new Error(problems[0].message);
		return performance.now() - startMs;
	};
	const whole = pass(largeCluster());
	const rounds = quick ? 5 : 25;
	const medianOf = (change: (round: number) => ApiObject) =>
		median(Array.from({ length: rounds }, (_, round) => pass([change(round)])));
	const aim = { atMost: 50 };
	return [
		{ name: "1,000 policies, 5,000 pods, 10,000 blocks: everything", value: whole, unit: "ms" },
		{
			name: "a label of a pod elsewhere",
			value: medianOf((round) => podNumber(4041, { app: `app${round}` })),
			unit: "ms",
			aim,
		},
		{
			name: "a label of a pod here",
			value: medianOf((round) => podNumber(40, { app: `app${round}` })),
			unit: "ms",
			aim,
		},
		{
			name: "a policy",
			value: medianOf((round) =>
				policy("ns3/n3", { podSelector: {}, ingress: [{ ports: [{ port: round + 1 }] }] }),
			),
			unit: "ms",
			aim,
		},
	];
}

function handle(object: BpfObject, name: string) {
	const map = object.maps[name as keyof PolicyMapNames];
	if (map === undefined) throw new Error(`policy.bpf.c has no map ${name}`);
	return map;
}

/** Nanoseconds for each run. */
function run(object: BpfObject, name: string, repeat = PACKETS): number {
	const program: Program | undefined = object.programs[name];
	if (program === undefined) throw new Error(`policy.bpf.c has no program ${name}`);
	return program.testRun({ data: emptyFrame(), repeat }).nanoseconds;
}
