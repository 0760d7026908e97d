/** `scripts/bench packets`: ns for each packet, by test runs of the real programs over maps with many Services. */
import { fileURLToPath } from "node:url";
import { type BpfMap, type BpfObject, loadObject, openSpec, type Program, u32 } from "bpf-loader";
import { openArray, openHash, openLruHash } from "bpf-maps";
import { sealFrontend } from "../../kproxy/src/dataplane/frontend-check.ts";
import {
	Algorithm,
	BackendFlag,
	BackendState,
	FrontendFlag,
	maps,
	Protocol,
} from "../../kproxy/src/dataplane/generated/tc.ts";
import { compile } from "./compile.ts";
import { type Figure, runPart } from "./figure.ts";
import { emptyFrame, median } from "./test-run.ts";

const SOURCE = fileURLToPath(new URL("packets.bpf.c", import.meta.url));
const PORT = 80;
const BACKEND_PORT = 8080;
const NODE = "192.0.2.11";

/** A program of packets.bpf.c, and the one that only makes its packets. */
interface Case {
	title: string;
	program: string;
	maker: string;
	/** Sized in this figure of the same number of Services. */
	baseline?: string;
	aim?: { times: number; of: string } | { ns: number };
}

const FLOOR = "floor: parse, two look-ups, rewrite";
const LOOK_UP = "parse and one look-up";

const PLAIN: readonly Case[] = [
	{ title: LOOK_UP, program: "look_up", maker: "make_foreign" },
	{
		title: "not ours, node ingress",
		program: "foreign_in",
		maker: "make_foreign",
		baseline: LOOK_UP,
		aim: { times: 1.1, of: LOOK_UP },
	},
	{
		title: "not ours, pod ingress",
		program: "foreign_pod_in",
		maker: "make_foreign",
		baseline: LOOK_UP,
		aim: { times: 1.1, of: LOOK_UP },
	},
	{
		title: "not ours, egress",
		program: "foreign_out",
		maker: "make_foreign",
		baseline: LOOK_UP,
		aim: { times: 1.1, of: LOOK_UP },
	},
	{ title: FLOOR, program: "floor_known", maker: "make_known" },
	{
		title: "known flow, ingress",
		program: "known_in",
		maker: "make_known",
		baseline: FLOOR,
		aim: { times: 1.25, of: FLOOR },
	},
	{
		title: "its reply, egress",
		program: "reply_out",
		maker: "make_reply",
		baseline: FLOOR,
		aim: { times: 1.25, of: FLOOR },
	},
	{ title: "new flow, ingress", program: "fresh_in", maker: "make_fresh", aim: { ns: 400 } },
];

const SNAT: readonly Case[] = [
	{ title: "SNAT, known flow, ingress", program: "known_in", maker: "make_known" },
	{ title: "SNAT, known flow, egress", program: "leaving_out", maker: "make_leaving" },
	{ title: "SNAT, its reply, ingress", program: "own_in", maker: "make_leaving" },
	{ title: "SNAT, its reply, egress", program: "own_out", maker: "make_leaving" },
	{ title: "SNAT, new flow, ingress", program: "fresh_in", maker: "make_fresh", aim: { ns: 700 } },
];

await runPart(async (quick) => {
	const counts = quick ? [10, 10_000] : [10, 10_000, 100_000];
	return counts.flatMap((services) => [
		...figures(PLAIN, { services, local: true, quick }),
		...figures(SNAT, { services, local: false, quick }),
	]);
});

interface Setup {
	services: number;
	/** Backends on this node: no source is translated. */
	local: boolean;
	quick: boolean;
}

function figures(cases: readonly Case[], setup: Setup): Figure[] {
	using object = load();
	fill(object, setup);
	run(program(object, "known_in"), setup.services * 20);
	if (!setup.local) notePorts(object);
	const rounds = setup.quick ? 5 : 21;
	const packets = Math.max(100_000, setup.services * 2);
	// All in turn, round by round: what else the machine does falls on each.
	const samples = new Map<string, number[]>(cases.map(({ title }) => [title, []]));
	for (let round = 0; round < rounds; round++) {
		for (const { title, program: name, maker } of cases) {
			const whole = run(program(object, name), packets);
			const making = run(program(object, maker), packets);
			samples.get(title)?.push(whole - making);
		}
	}
	const label = `${setup.services.toLocaleString("en")} Services`;
	const value = (title: string) => median(samples.get(title) ?? []);
	return cases.map(({ title, baseline, aim }) => ({
		name: `${label}, ${title}`,
		value: value(title),
		unit: "ns",
		...(baseline !== undefined && { baseline: `${label}, ${baseline}` }),
		...(aim !== undefined && {
			aim: { atMost: "ns" in aim ? aim.ns : Math.round(aim.times * value(aim.of)) },
		}),
	}));
}

function load(): BpfObject {
	const spec = openSpec(compile(SOURCE), { name: "packets" });
	return loadObject(spec, { variables: { coarse_clock: true } });
}

function mapOf(object: BpfObject, name: string): BpfMap {
	const map = object.maps[name];
	if (map === undefined) throw new Error(`packets.bpf.c has no map ${name}`);
	return map;
}

function program(object: BpfObject, name: string): Program {
	const found = object.programs[name];
	if (found === undefined) throw new Error(`packets.bpf.c has no program ${name}`);
	return found;
}

/** Each Service with a backend of its own: no cache line serves two of them. */
function fill(object: BpfObject, { services, local }: Setup): void {
	const numbers = Array.from({ length: services }, (_, index) => index);
	openArray(mapOf(object, "services"), { value: u32 }).set(0, services);
	openArray(mapOf(object, "svc_backends"), maps.svc_backends).setAll(
		numbers.map((number) => [
			number + 1,
			{
				address: numbered(128, number),
				port: BACKEND_PORT,
				protocol: Protocol.TCP,
				state: BackendState.ACTIVE,
				reuse: 1,
				flags: local ? BackendFlag.LOCAL : BackendFlag.ELSEWHERE,
			},
		]),
	);
	openArray(mapOf(object, "svc_slots"), maps.svc_slots).setAll(numbers.map((number) => [number, number + 1]));
	openHash(mapOf(object, "svc_frontends"), maps.svc_frontends).setAll(
		numbers.map((number) => {
			const key = { address: numbered(96, number), port: PORT, protocol: Protocol.TCP };
			const range = { first: number, count: 1 };
			const value = {
				internal: range,
				external: range,
				service: number + 1,
				affinityTimeoutS: 0,
				algorithm: Algorithm.RANDOM,
				flags: FrontendFlag.PLAIN,
			};
			return [key, sealFrontend(key, value)];
		}),
	);
	openHash(mapOf(object, "devices"), maps.devices).set(0, { ipv4: NODE, ipv6: "::" });
}

/** The address of that number in 10.NETWORK.0.0/14. */
function numbered(network: number, number: number): string {
	return `10.${network + (number >> 16)}.${(number >> 8) & 0xff}.${number & 0xff}`;
}

/** The source ports that flows were given, where the programs that make packets find them. */
function notePorts(object: BpfObject): void {
	const ports = openArray(mapOf(object, "own_ports"), { value: u32 });
	for (const [flow] of openLruHash(mapOf(object, "conntrack_reply"), maps.conntrack_reply).entries()) {
		const [, network = 0, high = 0, low = 0] = flow.source.split(".").map(Number);
		const port = flow.destinationPort;
		ports.set(((network - 128) << 16) | (high << 8) | low, ((port & 0xff) << 8) | (port >> 8));
	}
}

/** Nanoseconds for each of so many runs. */
function run(which: Program, repeat: number): number {
	return which.testRun({ data: emptyFrame(), repeat }).nanoseconds;
}
