import type { Daemon } from "../../kproxy/test/lab/daemon.ts";
import type { Host } from "../../kproxy/test/lab/host.ts";
import { detail } from "./print.ts";
import { addPolicy, type Stage } from "./stage.ts";

const WEB = { protocol: "TCP", port: 8080 } as const;
/** A packet that policy drops is told by silence. */
const SILENCE_MS = 300;

/** Isolates the web pods but from one, and dials one of them from all. Returns what is not as it should be. */
export async function isolateWeb(stage: Stage, daemons: readonly Daemon[]): Promise<string[]> {
	const { servers, pod, sandboxed, client, node1, cluster } = stage;
	const web = servers.find(({ name }) => name === "web-1");
	if (!web) throw new Error("the demo has no web-1");
	// Clients outside know no pods; this one is to try all the same.
	cluster.route(web.IPv4, node1);
	const lines = daemons.map((daemon) => daemon.lines.length);
	addPolicy(stage);
	await Promise.all(daemons.map((daemon, index) => daemon.report(lines[index] ?? 0)));
	const problems: string[] = [];
	const dialled: readonly (readonly [Host, boolean])[] = [
		[pod, true],
		[node1, true],
		[sandboxed, false],
		[client, false],
	];
	for (const [from, may] of dialled) {
		const dial = await from.dial({ ...WEB, address: web.IPv4, timeoutMs: may ? 2_000 : SILENCE_MS });
		const found = dial.answer === undefined ? `nothing (${dial.error})` : `${dial.answer} answers`;
		detail(`${from.name.padEnd(10)} dials ${web.IPv4}:${WEB.port}   ${found}`);
		if (may !== (dial.answer !== undefined)) problems.push(`${from.name} dialled web-1: ${found}`);
	}
	return problems;
}
