import { tally } from "../../kproxy/test/lab/agent.ts";
import type { Host } from "../../kproxy/test/lab/host.ts";
import type { Dial, DialOptions } from "../../kproxy/test/lab/protocol.ts";
import { detail } from "./print.ts";
import type { Stage } from "./stage.ts";

/** Enough that a backend of three that is picked at random is missed once in 10^10 runs. */
export const DIALS = 60;

const WEB = { protocol: "TCP", port: 80, answers: ["web-1", "web-2", "web-3"] } as const;
const DNS = { protocol: "UDP", port: 53, answers: ["dns-1", "dns-2"] } as const;
const CLUSTER_IPS = [
	{ ...WEB, address: "10.96.0.80" },
	{ ...WEB, address: "fd00:10:96::80" },
	{ ...DNS, address: "10.96.0.53" },
	{ ...DNS, address: "fd00:10:96::53" },
];

/** A frontend, who dials it, and who should answer. */
export interface Try extends DialOptions {
	from: Host;
	answers: readonly string[];
	/** What is special about it. */
	how?: string;
	/** The address that a backend should see; not looked at unless told. */
	seen?(answer: string): string;
}

/** Dials every ClusterIP from all who can be on a node. Returns what is not as it should be. */
export async function dialClusterIPs({ pod, sandboxed, node1 }: Stage): Promise<string[]> {
	const tries = [pod, sandboxed, node1].flatMap((from): Try[] =>
		CLUSTER_IPS.map((target) => ({ ...target, from })),
	);
	const others: Try[] = [
		{ ...WEB, from: pod, address: "::ffff:10.96.0.80", how: "IPv6 socket" },
		{ ...DNS, from: pod, address: "10.96.0.53", connected: true, how: "connected" },
	];
	return tryAll([...tries, ...others]);
}

/** Dials one after the other, and prints a line for each. Returns what is not as it should be. */
export async function tryAll(tries: readonly Try[]): Promise<string[]> {
	const problems: string[] = [];
	for (const each of tries) {
		const { from, how, answers: _, seen, ...target } = each;
		const dials = await from.dialMany({ ...target, count: DIALS, concurrency: 8 });
		const who = how ? `${from.name}, ${how}` : from.name;
		detail(row(who, target, whoAnswered(dials, seen)));
		problems.push(...judge(dials, each));
	}
	return problems;
}

/** A line of the demo: who dials what, and what came of it. */
export function row(who: string, target: DialOptions, outcome: string): string {
	return `${who.padEnd(17)} ${frontendOf(target).padEnd(27)} ${outcome}`;
}

/** `10.96.0.80:80/TCP`, as `kproxy frontends` writes it. */
export function frontendOf({ address, port, protocol }: DialOptions): string {
	return `${address.includes(":") ? `[${address}]` : address}:${port}/${protocol}`;
}

function whoAnswered(dials: readonly Dial[], seen: Try["seen"]): string {
	const { answers, errors } = tally(dials);
	const counts = [...Object.entries(answers).sort(), ...Object.entries(errors)];
	return counts
		.map(([name, count]) => {
			const saw = seen && [...new Set(dials.filter(({ answer }) => answer === name).map(addressSeen))];
			return `${name} ${String(count).padEnd(2)}${saw?.length ? ` saw ${saw.join(" and ")}` : ""}`;
		})
		.join("  ")
		.trimEnd();
}

/** Where the backend saw the client, without its port and the mapping of IPv4. */
function addressSeen({ seenAs = "" }: Dial): string {
	return seenAs.slice(0, seenAs.lastIndexOf(":")).replace(/^::ffff:/, "");
}

function judge(dials: readonly Dial[], { from, answers: expected, seen, ...target }: Try): string[] {
	const title = `${frontendOf(target)} from ${from.name}`;
	const { answers, errors } = tally(dials);
	const problems = Object.entries(errors).map(
		([error, count]) => `${count} dials of ${title} failed: ${error}`,
	);
	const silent = expected.filter((name) => answers[name] === undefined);
	const strangers = Object.keys(answers).filter((name) => !expected.includes(name));
	if (silent.length > 0) problems.push(`${silent.join(", ")} never answered ${title}`);
	if (strangers.length > 0) problems.push(`${strangers.join(", ")} answered ${title}`);
	const elsewhere = dials.filter((dial) =>
		[dial.peer, dial.from].some((shown) => shown && shown.port !== target.port),
	);
	if (elsewhere.length > 0)
		problems.push(`${elsewhere.length} dials of ${title} saw the backend's address, not the frontend's`);
	const wrong = dials.find((dial) => seen && dial.answer && addressSeen(dial) !== seen(dial.answer));
	if (wrong) problems.push(`${wrong.answer} saw ${title} come from ${addressSeen(wrong)}`);
	return problems;
}
