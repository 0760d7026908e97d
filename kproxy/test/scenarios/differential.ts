import type { FlowFlag } from "../../src/dataplane/generated/tc.ts";
import { wrongChecksums } from "../packets/parse.ts";
import type { Flow } from "../reference/memory.ts";
import { type Chance, PacketPath } from "../reference/packet-path.ts";
import type { Hook, Outcome, World } from "../reference/world.ts";
import type { KernelPath } from "./kernel-path.ts";

/** Programs and model do not agree. */
export class Mismatch extends Error {}

/** Runs each packet through the programs and through the model, which is told what was picked, and compares. */
export class Differential {
	readonly model: PacketPath;
	readonly #kernel: KernelPath;
	#last: Outcome | undefined;
	#candidate = 0;
	#candidates = 0;

	constructor(kernel: KernelPath, world: World) {
		this.#kernel = kernel;
		this.model = new PacketPath(world, this.#chance());
		kernel.write(world, { forget: true });
	}

	/** What both made of the packet. The reason is the model's: programs do not count what they pass. Throws Mismatch. */
	run(hook: Hook, frame: Uint8Array): Outcome {
		const got = this.#kernel.run(hook, frame);
		this.#last = got;
		const wanted = this.#runModel(hook, frame, got);
		const counted = got.verdict === "next" && wanted.reason !== "TRANSLATED" ? undefined : wanted.reason;
		if (got.verdict !== wanted.verdict || got.reason !== counted)
			throw new Mismatch(
				`${hook}: the model says ${wanted.verdict} for ${wanted.reason}, the program ${got.verdict} for ${got.reason ?? "nothing"}`,
			);
		if (got.verdict !== "drop") compareFrames(hook, { frame, got: got.frame, wanted: wanted.frame });
		return wanted;
	}

	/** A flow that is dropped leaves no trace of what was picked: then some backend has to lead to that. */
	#runModel(hook: Hook, frame: Uint8Array, got: Outcome): Outcome {
		this.#candidate = 0;
		if (!got.reason?.startsWith("NO_SNAT")) return this.model.run(hook, frame);
		const before = structuredClone(this.model.memory);
		for (;;) {
			const outcome = this.model.run(hook, frame);
			this.#candidate += 1;
			if (outcome.reason === got.reason || this.#candidate >= this.#candidates) return outcome;
			Object.assign(this.model.memory, structuredClone(before));
		}
	}

	wait(seconds: number): void {
		this.#kernel.wait(seconds);
		this.model.memory.nowS += seconds;
	}

	/** After the model's world was changed. */
	rewrite(): void {
		this.#kernel.write(this.model.world, { forget: false });
	}

	/** Throws Mismatch where not the same flows are remembered. */
	compareMemory(): void {
		const [got, wanted] = [this.#kernel.remembered(), remembered(this.model)];
		const only = (some: string[], others: string[]) => some.filter((line) => !others.includes(line));
		const [more, fewer] = [only(got, wanted), only(wanted, got)];
		if (more.length + fewer.length > 0)
			throw new Mismatch(
				`remembered by the programs only: ${more.join("; ") || "nothing"}; by the model only: ${fewer.join("; ") || "nothing"}`,
			);
	}

	#chance(): Chance {
		// Where policy has dropped the packet, what was picked is remembered all the same.
		const isPicked = () => this.#last?.verdict === "next" || POLICY_DROPS.has(this.#last?.reason ?? "");
		const entry = (flow: Flow) => (isPicked() ? this.#kernel.target(flow) : undefined);
		return {
			backend: ({ flow, service, allowed }) => {
				const keeps = this.model.world.frontends.some(
					(each) => each.service === service && each.affinityTimeoutS > 0,
				);
				const kept = keeps ? this.#kernel.maps.affinity.get({ client: flow.source, service }) : undefined;
				const taken = entry(flow)?.backend ?? kept?.backend;
				if (taken !== undefined && allowed.has(taken)) return taken;
				if (isPicked()) throw new Mismatch(`backend ${taken} was picked out of ${[...allowed].join(", ")}`);
				this.#candidates = allowed.size;
				return [...allowed][this.#candidate] ?? 0;
			},
			port: ({ flow, isFree }) => {
				const { snatPortFirst, snatPortLast } = this.model.world.tunables;
				const port = entry(flow)?.snatPort;
				if (port !== undefined) {
					if (!isFree(port)) throw new Mismatch(`source port ${port} is not free`);
					return port;
				}
				const ports = Array.from(
					{ length: snatPortLast - snatPortFirst + 1 },
					(_, index) => snatPortFirst + index,
				);
				const free = ports.filter(isFree);
				// Eight are tried, one after the other: fewer taken ones cannot stand in the way.
				if (free.length > 0 && ports.length - free.length < PORT_TRIES) return free[0];
				return this.#last?.reason === "NO_SNAT_PORT" ? undefined : free[0];
			},
		};
	}
}

const POLICY_DROPS: ReadonlySet<string> = new Set(["POLICY_EGRESS", "POLICY_INGRESS", "SPOOFED_SOURCE"]);
/** As in bpf/lib/source.h. */
const PORT_TRIES = 8;

function compareFrames(hook: Hook, frames: { frame: Uint8Array; got: Uint8Array; wanted: Uint8Array }): void {
	const { frame, got, wanted } = frames;
	if (Buffer.compare(got, wanted) !== 0)
		throw new Mismatch(`${hook}: in ${hex(frame)}, the model sends ${hex(wanted)}, the program ${hex(got)}`);
	const wrong = wrongChecksums(got);
	if (wrong.length > 0 && wrongChecksums(frame).length === 0)
		throw new Mismatch(`${hook}: wrong checksum: ${wrong.join(", ")}; in ${hex(frame)}, out ${hex(got)}`);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Every flow that the model remembers, as `KernelPath.remembered` words it. */
export function remembered({ memory }: PacketPath): string[] {
	const lines: string[] = [];
	for (const [key, target] of memory.targets)
		lines.push(
			`${key} → ${target.address} ${target.port} as ${target.snatPort} backend ${target.backend}/${target.reuse}${target.ended ? " ended" : ""}`,
		);
	for (const [key, reply] of memory.replies) {
		const flags: (keyof typeof FlowFlag)[] = [];
		if (reply.backendFin) flags.push("FIN");
		if (reply.clientFin) flags.push("OTHER_FIN");
		if (reply.seenS !== undefined) flags.push("REPLIED");
		if (reply.reset) flags.push("RST");
		lines.push(
			`${key} ← ${reply.frontend} ${reply.frontendPort} of ${reply.client} ${reply.clientPort} as ${reply.snatAddress ?? "itself"} ${flags.join(" ")}`.trimEnd(),
		);
	}
	for (const [key, { epoch, direction }] of memory.judged)
		lines.push(`${key} judged at ${epoch}, ${direction}`);
	return lines.sort();
}
