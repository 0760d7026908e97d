import { isDeepStrictEqual } from "node:util";
import { buildFrame, type PacketWords } from "../packets/build.ts";
import { describeFrame } from "../packets/describe.ts";
import { parseFrame, wrongChecksums } from "../packets/parse.ts";
import type { PacketPath } from "../reference/packet-path.ts";
import type { Hook, Outcome, World } from "../reference/world.ts";
import { ordinaryTunables } from "../reference/world.ts";
import {
	backendOf,
	errorTypes,
	type Family,
	type Follow,
	frontendsOf,
	policyOf,
	type Scenario,
	type Step,
	Symbols,
	worldOf,
} from "./scenario.ts";

/** What runs the packets of a scenario. */
export interface Subject {
	readonly model: PacketPath;
	run(hook: Hook, frame: Uint8Array): Outcome;
	wait(seconds: number): void;
	rewrite(): void;
	compareMemory(): void;
}

/** Runs all steps. Throws an error that names the step. Returns the reasons that came. */
export function runScenario(
	scenario: Scenario,
	family: Family,
	setup: { routeDevice: number; open(world: World): Subject },
): Set<string> {
	const symbols = new Symbols(family, { ...ordinaryTunables, ...scenario.tunables });
	const subject = setup.open(worldOf(scenario, symbols, setup.routeDevice));
	const reasons = new Set<string>();
	const seen: Seen = new Map();
	for (const [index, step] of scenario.steps.entries()) {
		try {
			runStep(scenario, step, { symbols, subject, reasons, seen });
		} catch (error) {
			const what = error instanceof Error ? error.message : String(error);
			throw new Error(`step ${index + 1} ${JSON.stringify(step)}: ${what}`, { cause: error });
		}
	}
	subject.compareMemory();
	return reasons;
}

/** What went in at each step that has a name, and what became of it. */
type Seen = Map<string, { in: Uint8Array; outcome: Outcome }>;

interface Running {
	symbols: Symbols;
	subject: Subject;
	reasons: Set<string>;
	seen: Seen;
}

/** The packet that follows what another step has let out. */
function followUp(follow: Follow, { symbols, seen }: Running): Uint8Array | undefined {
	const before = seen.get(follow.step);
	if (before === undefined) return undefined;
	if (follow.how === "again") return before.in;
	if (before.outcome.verdict === "drop") return undefined;
	const out = before.outcome.frame;
	if (follow.how === "onward") return out;
	const parsed = parseFrame(out);
	if (
		typeof parsed === "string" ||
		parsed.fragment.later ||
		parsed.fragment.first ||
		out.length < parsed.transport + 8
	)
		return undefined;
	const { from, to, protocol, sourcePort, destinationPort } = describeFrame(out) as PacketWords;
	if (protocol === "ICMP") return undefined;
	const ports = {
		...(sourcePort !== undefined && { sourcePort }),
		...(destinationPort !== undefined && { destinationPort }),
	};
	if (follow.how === "reply") {
		const turned: PacketWords = { from: to, to: from, protocol, ...follow.with };
		if (destinationPort !== undefined) turned.sourcePort = destinationPort;
		if (sourcePort !== undefined) turned.destinationPort = sourcePort;
		return buildFrame(turned);
	}
	const { error, from: who, quotes, ...rest } = follow.with ?? {};
	const [type, code] = errorTypes[String(error)]?.[symbols.family] ?? [0, 0];
	const about: PacketWords = { from, to, protocol, ...ports, payload: 24 };
	if (quotes === "first fragment") about.fragment = { id: 7, offset: 0, length: 24 };
	return buildFrame({
		from: who === undefined ? to : symbols.address(String(who)),
		to: from,
		protocol: "ICMP",
		error: { type, code, about, ...rest },
	});
}

function runStep(scenario: Scenario, step: Step, on: Running): void {
	const { subject } = on;
	if (step.wait !== undefined) subject.wait(step.wait);
	changeWorld(scenario, step, on);
	if (step.at !== undefined) runPacket(step, step.at, on);
	const { targets, replies, judged } = subject.model.memory;
	const { flows } = step;
	const wanted = flows && [flows.conntrack, flows.replies, flows.judged ?? judged.size];
	if (wanted && !isDeepStrictEqual([targets.size, replies.size, judged.size], wanted))
		throw new Error(
			`${targets.size} flows in conntrack, ${replies.size} in conntrack_reply, ${judged.size} in policy_flows`,
		);
}

function changeWorld(scenario: Scenario, step: Step, { symbols, subject }: Running): void {
	const { world } = subject.model;
	for (const [name, text] of Object.entries(step.change ?? {})) {
		const number = Object.keys(scenario.backends ?? {}).indexOf(name) + 1;
		world.backends.set(number, backendOf(text, symbols, world.backends.get(number)));
	}
	if (step.frontends) world.frontends = frontendsOf(scenario, step.frontends, symbols);
	if (step.policy) world.policy = policyOf(step.policy, symbols, (world.policy?.epoch ?? 0) + 1);
	if (step.change || step.frontends || step.policy) subject.rewrite();
}

function runPacket(step: Step, at: Hook, on: Running): void {
	const { symbols, subject, reasons, seen } = on;
	const frame = step.follow ? followUp(step.follow, on) : buildFrame(symbols.packet(step.in ?? {}));
	if (frame === undefined) return;
	const outcome = subject.run(at, frame);
	if (step.id !== undefined) seen.set(step.id, { in: frame, outcome });
	if (outcome.reason !== undefined) reasons.add(outcome.reason);
	if (step.reason !== undefined && outcome.reason !== step.reason)
		throw new Error(`the reason is ${outcome.reason}`);
	if (step.out !== undefined) compareWords(symbols, step, outcome);
	else checkUnchanged(frame, outcome);
	if (outcome.verdict !== "drop" && wrongChecksums(outcome.frame).length > wrongChecksums(frame).length)
		throw new Error(`wrong checksum: ${wrongChecksums(outcome.frame).join(", ")}`);
}

function checkUnchanged(frame: Uint8Array, { verdict, reason, frame: out }: Outcome): void {
	if (verdict === "next" && reason !== "TRANSLATED" && Buffer.compare(out, frame) !== 0)
		throw new Error(`the packet changed: ${JSON.stringify(describeFrame(out))}`);
}

function compareWords(symbols: Symbols, step: Step, outcome: Outcome): void {
	if (outcome.verdict === "drop") throw new Error(`dropped: ${outcome.reason}`);
	const actual = describeFrame(outcome.frame);
	const wanted = symbols.packet(step.out ?? {}, actual);
	const difference = differs(wanted, actual);
	if (difference)
		throw new Error(`${difference}: came out ${JSON.stringify(actual)}, wanted ${JSON.stringify(wanted)}`);
}

/** The first field in which what is wanted is not what there is. */
function differs(wanted: Partial<PacketWords>, actual: Partial<PacketWords>): string | undefined {
	for (const [name, value] of Object.entries(wanted)) {
		const other = actual[name as keyof PacketWords];
		if (name === "error") {
			const [one, two] = [wanted.error, actual.error];
			if (one?.type !== two?.type || one?.code !== two?.code || (one?.rest && one.rest !== two?.rest))
				return "error";
			const inside = differs(one?.about ?? {}, two?.about ?? {});
			if (inside) return `inner ${inside}`;
		} else if (!isDeepStrictEqual(value, other)) return name;
	}
	return undefined;
}
