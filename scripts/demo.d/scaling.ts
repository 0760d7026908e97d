import { setTimeout as delay } from "node:timers/promises";
import type { Daemon } from "../../kproxy/test/lab/daemon.ts";
import type { Dial } from "../../kproxy/test/lab/protocol.ts";
import { detail } from "./print.ts";
import { removePod, type Stage } from "./stage.ts";

const GONE = "web-3";
const DIALS_EACH_SIDE = 250;

/** Scales a backend away under continuous dialling, by sockets and by packets. Returns what is not as it should be. */
export async function scaleAway(stage: Stage, daemons: readonly Daemon[]): Promise<string[]> {
	const { pod, client, node1 } = stage;
	const dialling = [
		pod.dialMany({ protocol: "TCP", address: "10.96.0.80", port: 80, concurrency: 4 }),
		pod.dialMany({ protocol: "TCP", address: "fd00:10:96::80", port: 80, concurrency: 4 }),
		client.dialMany({ protocol: "TCP", address: node1.IPv4, port: 30080, concurrency: 4 }),
		client.dialMany({ protocol: "TCP", address: node1.IPv6, port: 30080, concurrency: 4 }),
	];
	await moreDials(stage);
	const linesBefore = daemons.map(({ lines }) => lines.length);
	const endpoints = removePod(stage, GONE);
	const reports = await Promise.all(daemons.map((daemon, index) => removed(daemon, linesBefore[index] ?? 0)));
	await moreDials(stage);
	for (const host of [pod, client]) await (await host.agent()).stopDialling();
	const dials = (await Promise.all(dialling)).flat();
	detail(
		`${GONE} taken out of ${endpoints} EndpointSlices; both kproxy report removed: ${[reports[0]?.removed].flat().join(", ")}`,
	);
	return judge(dials, Math.max(...reports.map(({ readMs }) => readMs)));
}

/** The report after which no frontend leads to a backend that it names. */
function removed(daemon: Daemon, from: number) {
	return daemon.line("that a backend is removed", (line) => [line.removed ?? []].flat().length > 0, from);
}

function judge(dials: readonly Dial[], reportedMs: number): string[] {
	const after = dials.filter((dial) => dial.startedMs > reportedMs);
	const failed = dials.filter((dial) => dial.error !== undefined);
	const reached = after.filter((dial) => dial.answer === GONE);
	detail(`${dials.length - after.length} dials before the reports, ${after.length} after them`);
	detail(`${failed.length} failed, ${reached.length} reached ${GONE} after the reports`);
	const problems = failed.length > 0 ? [`${failed.length} dials failed: ${failed[0]?.error}`] : [];
	if (reached.length > 0)
		problems.push(`${reached.length} dials reached ${GONE} after its removal was reported`);
	return problems;
}

async function moreDials({ pod, client }: Stage): Promise<void> {
	for (const host of [pod, client]) {
		const agent = await host.agent();
		const target = (await agent.dialled()) + DIALS_EACH_SIDE;
		while ((await agent.dialled()) < target) await delay(10);
	}
}
