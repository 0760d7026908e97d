/** `scripts/bench policy`: ns for each packet of a pod with policy, and ms from a change of policy to the kernel. */
import { fileURLToPath } from "node:url";
import { type BpfObject, loadObject, openSpec, type Program, u32 } from "bpf-loader";
import { openArray, openLruHash } from "bpf-maps";
import { PodInterface, PolicyFlag, maps as shapes } from "../../kproxy/src/dataplane/generated/tc.ts";
import {
	openPolicyMaps,
	type PolicyMapNames,
	type PolicyMaps,
} from "../../kproxy/src/dataplane/policy-maps.ts";
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
	objects: readonly ApiObject[];
	peers: number;
	measures: readonly Measure[];
}

/** A program, less what making its packets costs. */
interface Measure {
	title: string;
	program: string;
	maker: string;
	/** Policy is not enforced meanwhile. */
	off?: boolean;
	baseline?: string;
	aim?: Figure["aim"];
}

const KNOWN = { title: "established flow", program: "known_out", maker: "make_known" };
const PARSE = { title: "parse", program: "parse_known", maker: "make_known" };
const FOLLOW = { ...PARSE, title: "parse and look an established flow up", program: "follow_known" };
const FRESH = { title: "new flow", program: "fresh_out", maker: "make_fresh" };
const OUTSIDE = { title: "new flow to a block", program: "outside_out", maker: "make_outside" };
const REMEMBER = {
	title: "look a new flow up and insert it",
	program: "remember_fresh",
	maker: "make_fresh",
};
const READ = { title: "read a line of 32 MiB", program: "read_fresh", maker: "make_fresh" };

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

/** The same packets with policy and without, and the least that remembering flows costs. */
function measures(title: string, fresh: readonly Measure[]): Measure[] {
	const off = (measure: Measure): Measure => ({
		...measure,
		title: `${measure.title}, policy off`,
		off: true,
	});
	const over = (measure: Measure) => `${title}, ${off(measure).title}`;
	return [
		PARSE,
		FOLLOW,
		off(KNOWN),
		{ ...KNOWN, baseline: over(KNOWN) },
		REMEMBER,
		...fresh.flatMap((measure) => [
			off(measure),
			{
				...measure,
				baseline: `${title}, ${REMEMBER.title}`,
				aim: { atMost: 250, over: over(measure) },
			},
		]),
	];
}

function settings(quick: boolean): Setting[] {
	const unselected = "no policy selects the pod";
	return [
		{
			title: unselected,
			objects: rulesFor(10).slice(0, -1),
			peers: 10,
			measures: [READ, ...measures(unselected, [FRESH])],
		},
		...(quick ? [10, 1_000] : [10, 1_000, 10_000]).map((count) => {
			const title = `${count.toLocaleString("en")} rules`;
			return {
				title,
				objects: rulesFor(count / 2),
				peers: count / 2,
				measures: measures(title, [FRESH, OUTSIDE]),
			};
		}),
	];
}

function packetFigures(quick: boolean): Figure[] {
	const spec = openSpec(compile(SOURCE), { name: "policy" });
	using object = loadObject(spec, { variables: { coarse_clock: true } });
	return settings(quick).flatMap((setting) => measure(object, setting, quick ? 5 : 15));
}

function measure(object: BpfObject, { title, objects, peers, measures }: Setting, rounds: number): Figure[] {
	const maps = openPolicyMaps(object.maps as Parameters<typeof openPolicyMaps>[0]);
	const flows = openLruHash(handle(object, "policy_flows"), shapes.policy_flows);
	fill(maps, objects);
	openArray(handle(object, "peers"), { value: u32 }).set(0, peers);
	const samples = measures.map(() => [] as number[]);
	for (let round = 0; round < rounds; round++) {
		for (const [index, { program, maker, off }] of measures.entries()) {
			flows.clear();
			setState(maps, PolicyFlag.ENFORCED);
			run(object, "known_out", 20_000);
			if (off) setState(maps, PolicyFlag.OFF);
			samples[index]?.push(run(object, program) - run(object, maker));
		}
	}
	return measures.map(({ title: what, baseline, aim }, index) => ({
		name: `${title}, ${what}`,
		value: median(samples[index] ?? []),
		unit: "ns",
		...(baseline !== undefined && { baseline }),
		...(aim !== undefined && { aim }),
	}));
}

function fill(maps: PolicyMaps, objects: readonly ApiObject[]): void {
	for (const table of [maps.pods, maps.peerAddresses, maps.peerClasses, maps.rules, maps.names])
		table.clear();
	const planner = createPolicyPlanner({ nodeName: NODE });
	planner.update(objects.map(setOf), { isLive: false });
	writePolicyWhole(maps, planner.tables, { generation: 1, ifindexOf: () => IFINDEX });
	maps.interfaces.set(IFINDEX, PodInterface.KNOWN);
}

function setState(maps: PolicyMaps, flags: PolicyFlag): void {
	maps.state.set(0, { epoch: 1, generation: 1, adoptUntilNs: 0n, flags });
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
