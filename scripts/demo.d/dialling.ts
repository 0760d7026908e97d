import { type Agent, tally } from "../../kproxy/test/lab/agent.ts";
import type { Dial, DialManyOptions } from "../../kproxy/test/lab/protocol.ts";
import { detail } from "./print.ts";

const DIALS = 300;

/** One line of the demo: a frontend, a way of dialling it, and who should answer. */
interface Line extends DialManyOptions {
	title: string;
	expected: readonly string[];
}

const WEB = { port: 80, expected: ["web-1", "web-2", "web-3"] };
const DNS = { port: 53, expected: ["dns-1", "dns-2"] };
const LINES: readonly Line[] = [
	{ ...WEB, title: "TCP, IPv4", protocol: "TCP", address: "10.96.0.80" },
	{ ...WEB, title: "TCP, IPv6", protocol: "TCP", address: "fd00:10:96::80" },
	{ ...WEB, title: "TCP, IPv4 dialled through IPv6", protocol: "TCP", address: "::ffff:10.96.0.80" },
	{ ...DNS, title: "UDP, IPv4", protocol: "UDP", address: "10.96.0.53" },
	{ ...DNS, title: "UDP, IPv4, connected", protocol: "UDP", address: "10.96.0.53", connected: true },
	{ ...DNS, title: "UDP, IPv6", protocol: "UDP", address: "fd00:10:96::53" },
	{ ...DNS, title: "TCP, IPv4", protocol: "TCP", address: "10.96.0.53" },
];

/** Dials every frontend of the examples and prints who answered how often. Returns what is not as it should be. */
export async function dialAll(client: Agent): Promise<string[]> {
	const problems: string[] = [];
	for (const { title, expected, ...options } of LINES) {
		const dials = await client.dialMany({ ...options, count: DIALS, concurrency: 8 });
		const { answers, errors } = tally(dials);
		const frontend = options.address.includes(":") ? `[${options.address}]` : options.address;
		const counts = [...Object.entries(answers).sort(), ...Object.entries(errors)];
		const who = counts.map(([name, count]) => `${name} ${String(count).padEnd(3)}`).join("  ");
		detail(`${`${frontend}:${options.port}`.padEnd(24)} ${title.padEnd(30)} ${who}`);
		problems.push(...judge(dials, { title: `${frontend}:${options.port} over ${title}`, expected, options }));
	}
	return problems;
}

function judge(
	dials: readonly Dial[],
	{ title, expected, options }: { title: string; expected: readonly string[]; options: DialManyOptions },
): string[] {
	const { answers, errors } = tally(dials);
	const problems = Object.entries(errors).map(
		([error, count]) => `${count} dials of ${title} failed: ${error}`,
	);
	const silent = expected.filter((name) => answers[name] === undefined);
	const strangers = Object.keys(answers).filter((name) => !expected.includes(name));
	if (silent.length > 0) problems.push(`${silent.join(", ")} never answered ${title}`);
	if (strangers.length > 0) problems.push(`${strangers.join(", ")} answered ${title}`);
	const elsewhere = dials.filter(({ peer, from }) =>
		[peer, from].some((seen) => seen && seen.port !== options.port),
	);
	if (elsewhere.length > 0)
		problems.push(`${elsewhere.length} dials of ${title} saw the backend's address, not the frontend's`);
	return problems;
}
