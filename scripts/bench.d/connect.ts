/** `scripts/bench connect`: ns for each connect() of a UDP socket, by what is attached to its cgroup. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { attachCgroup, loadObject, openSpec } from "bpf-loader";
import { sealFrontend } from "../../kproxy/src/dataplane/frontend-check.ts";
import {
	BackendFlag,
	BackendState,
	type FrontendKey,
	Protocol,
} from "../../kproxy/src/dataplane/generated/sock_lb.ts";
import { objectPath, openServiceMaps, type ServiceMaps } from "../../kproxy/src/dataplane/service-maps.ts";
import { createLab, type Lab, sweepLabs } from "../../kproxy/test/lab/lab.ts";
import { compile } from "./compile.ts";
import { ConnectClient, type Mode } from "./connect-client.ts";
import { type Figure, runPart } from "./figure.ts";

const CLIENT_SOURCE = fileURLToPath(new URL("connect-client.c", import.meta.url));
const EMPTY_SOURCE = fileURLToPath(new URL("empty.bpf.c", import.meta.url));
const PORT = 80;
/** A share of each slice goes before it, unmeasured, to fill the caches with what the slice before it pushed out. */
const WARM_UP = 0.2;

const MODES: readonly { mode: Mode; title: string }[] = [
	{ mode: "again", title: "on a socket that connects again" },
	{ mode: "new", title: "on a new socket" },
];

/** What is attached, and how many frontends are dialled at random. */
interface Setup {
	title: string;
	program: "none" | "empty" | "ours";
	frontends: number;
	/** At most so many ns above the empty program. */
	aimNs?: number;
}

interface Bench {
	setup: Setup;
	client: ConnectClient;
}

const EMPTY: Setup = { title: "an empty program", program: "empty", frontends: 10 };
const SETUPS: readonly Setup[] = [
	EMPTY,
	{ title: "no program", program: "none", frontends: 10 },
	{ title: "ours, 10 frontends", program: "ours", frontends: 10, aimNs: 100 },
	{ title: "ours, 1,000 frontends", program: "ours", frontends: 1_000 },
	{ title: "ours, 100,000 frontends", program: "ours", frontends: 100_000, aimNs: 400 },
];

await runPart(async (quick) => {
	sweepLabs();
	using cleanup = new DisposableStack();
	const binary = compileClient(cleanup.use(createLab("connect-client")));
	const benches = SETUPS.map((setup, index) => startBench(cleanup, { setup, index, binary }));
	const rounds = quick ? 7 : 61;
	const figures: Figure[] = [];
	for (const { mode, title } of MODES) {
		const samples = await sample(benches, { mode, rounds });
		figures.push(...summarise(samples, title));
	}
	return figures;
});

function compileClient(lab: Lab): string {
	const binary = `${lab.directory}/connect-client`;
	execFileSync("clang", ["-O2", "-Wall", "-Wextra", "-Werror", "-o", binary, CLIENT_SOURCE]);
	return binary;
}

function startBench(
	cleanup: DisposableStack,
	{ setup, index, binary }: { setup: Setup; index: number; binary: string },
): Bench {
	const lab = cleanup.use(createLab(`connect-${index}`));
	attach(cleanup, { setup, cgroup: lab.cgroups.clients });
	const namespace = lab.namespace("node");
	// Frontends and backends alike: no packet is sent, but a connect wants a route.
	namespace.ip(["addr add 192.0.2.1/32 dev lo", "route add default dev lo"]);
	const command = [binary, String(setup.frontends)];
	const child = lab.spawn({ namespace, cgroup: "clients", command, stdio: ["pipe", "pipe", "inherit"] });
	return { setup, client: new ConnectClient(setup.title, child) };
}

function attach(cleanup: DisposableStack, { setup, cgroup }: { setup: Setup; cgroup: string }): void {
	if (setup.program === "none") return;
	const spec =
		setup.program === "ours" ? openSpec(objectPath) : openSpec(compile(EMPTY_SOURCE), { name: "empty" });
	const object = cleanup.use(loadObject(spec));
	for (const program of Object.values(object.programs)) cleanup.use(attachCgroup({ program, cgroup }));
	if (setup.program === "ours") fill(openServiceMaps(object.maps as never), setup.frontends);
}

/** Each frontend with a range, and an endpoint, of its own: no cache line serves two of them. */
function fill({ frontends, slots, backends }: ServiceMaps, count: number): void {
	const numbers = Array.from({ length: count }, (_, index) => index);
	backends.setAll(
		numbers.map((number) => [
			number + 1,
			{
				address: numbered(11, number),
				port: 8080,
				protocol: Protocol.UDP,
				state: BackendState.ACTIVE,
				reuse: 0,
				flags: BackendFlag.ELSEWHERE,
			},
		]),
	);
	slots.setAll(numbers.map((number) => [number, number + 1]));
	frontends.setAll(
		numbers.map((number) => {
			const key = frontendKey(number);
			const range = { first: number, count: 1 };
			const rest = { service: number + 1, affinityTimeoutS: 0, algorithm: 0, flags: 0 } as const;
			return [key, sealFrontend(key, { internal: range, external: range, ...rest })];
		}),
	);
}

function frontendKey(number: number): FrontendKey {
	return { address: numbered(10, number), port: PORT, protocol: Protocol.UDP };
}

/** The address of that number after 10.128.0.0 or 11.128.0.0. */
function numbered(network: number, number: number): string {
	return `${network}.${128 + (number >> 16)}.${(number >> 8) & 0xff}.${number & 0xff}`;
}

type Samples = ReadonlyMap<Setup, number[]>;

/**
 * One slice of each setup a round, in another order each time: what else the machine does, and what a setup leaves behind
 * in the caches, falls on all of them.
 */
async function sample(
	benches: readonly Bench[],
	{ mode, rounds }: { mode: Mode; rounds: number },
): Promise<Samples> {
	const samples = new Map(benches.map(({ setup }) => [setup, [] as number[]]));
	for (let round = 0; round < rounds; round++) {
		for (const { setup, client } of rotated(benches, round)) {
			const count = sliceOf(setup, mode);
			await client.dial(mode, Math.round(count * WARM_UP));
			samples.get(setup)?.push(await client.dial(mode, count));
		}
	}
	return samples;
}

/** Connects in a slice: where many frontends are dialled, enough for most of them to come up. */
function sliceOf({ frontends }: Setup, mode: Mode): number {
	if (mode === "new") return 6_400;
	return Math.max(10_000, frontends);
}

function rotated<T>(list: readonly T[], by: number): T[] {
	const at = by % list.length;
	return [...list.slice(at), ...list.slice(0, at)];
}

/**
 * Each setup as the empty program's median plus the median of its differences to the empty program in the same round:
 * what slows a whole round cancels out.
 */
function summarise(samples: Samples, title: string): Figure[] {
	const empty = samples.get(EMPTY) ?? [];
	const baseline = `connect(), ${title}, ${EMPTY.title}`;
	return [...samples].map(([setup, times]) => {
		const above = median(times.map((time, round) => time - (empty[round] ?? Number.NaN)));
		const figure = { name: `connect(), ${title}, ${setup.title}`, value: median(empty) + above, unit: "ns" };
		if (setup === EMPTY) return figure;
		return {
			...figure,
			baseline,
			...(setup.aimNs !== undefined && { aim: { atMost: setup.aimNs, over: baseline } }),
		};
	});
}

function median(values: readonly number[]): number {
	return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
