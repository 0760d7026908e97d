import { setTimeout as delay } from "node:timers/promises";
import type { Daemon } from "../../kproxy/test/lab/daemon.ts";
import type { Dial } from "../../kproxy/test/lab/protocol.ts";
import { detail } from "./print.ts";
import { removePod, type Stage } from "./stage.ts";

const GONE = "web-3";
const DIALS_EACH_SIDE = 500;

/** Scales a backend away under continuous dialling. Returns what is not as it should be. */
export async function scaleAway(stage: Stage, daemon: Daemon): Promise<string[]> {
	const { client } = stage;
	const dialling = ["10.96.0.80", "fd00:10:96::80"].map((address) =>
		client.dialMany({ protocol: "TCP", address, port: 80, concurrency: 4 }),
	);
	await moreDials(stage, DIALS_EACH_SIDE);
	const linesBefore = daemon.lines.length;
	const endpoints = removePod(stage, GONE);
	const reported = await daemon.report(linesBefore);
	await moreDials(stage, DIALS_EACH_SIDE);
	await client.stopDialling();
	const dials = (await Promise.all(dialling)).flat();
	detail(
		`${GONE} taken out of ${endpoints} EndpointSlices; kproxy reports removed: ${[reported.removed].flat().join(", ")}`,
	);
	return judge(dials, reported.readMs);
}

function judge(dials: readonly Dial[], reportedMs: number): string[] {
	const after = dials.filter((dial) => dial.startedMs > reportedMs);
	const failed = dials.filter((dial) => dial.error !== undefined);
	const reached = after.filter((dial) => dial.answer === GONE);
	detail(`${dials.length - after.length} dials before the report, ${after.length} after it`);
	detail(`${failed.length} failed, ${reached.length} reached ${GONE} after the report`);
	const problems = failed.length > 0 ? [`${failed.length} dials failed: ${failed[0]?.error}`] : [];
	if (reached.length > 0)
		problems.push(`${reached.length} dials reached ${GONE} after its removal was reported`);
	return problems;
}

async function moreDials({ client }: Stage, count: number): Promise<void> {
	const target = (await client.dialled()) + count;
	while ((await client.dialled()) < target) await delay(10);
}
