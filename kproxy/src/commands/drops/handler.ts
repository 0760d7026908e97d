import { setTimeout } from "node:timers/promises";
import { describeEvents, type EventNames, type EventView } from "../../dataplane/event-view.ts";
import { type EventMaps, type EventPosition, openEventMaps, readEvents } from "../../dataplane/events.ts";
import { openPinnedDataplane } from "../../dataplane/pinned-dataplane.ts";
import { openPolicyMaps } from "../../dataplane/policy-maps.ts";
import { ExitCode, type Handler, type Terminal } from "../command.ts";
import { formatJson } from "../table.ts";
import { type EventFilter, eventFilter } from "./filter.ts";
import { formatEvent } from "./format-event.ts";
import type { dropsOptions } from "./options.ts";

/** How often new events are looked for. */
const POLL_MS = 200;

export const runDrops: Handler<typeof dropsOptions> = async (values, terminal) => {
	const filter = eventFilter(values);
	using dataplane = openPinnedDataplane(values.bpffs);
	const events = openEventMaps(dataplane.handles);
	const names = openPolicyMaps(dataplane.handles);
	const json = values.output === "json";
	if (values.follow) {
		await follow({ events, names, filter, json }, terminal);
		return ExitCode.OK;
	}
	const { leftOut, ...read } = readEvents(events);
	const drops = describeEvents(read, names).filter((event) => isYoung(event, filter) && filter.passes(event));
	if (json) terminal.out(formatJson({ drops, leftOut }));
	else for (const drop of drops) terminal.out(formatEvent(drop));
	if (!json && drops.length === 0) terminal.error("kproxy drops: nothing that matches is remembered\n");
	if (!json && leftOut > 0n)
		terminal.error(
			`kproxy drops: ${leftOut} more came too fast to be noted; kproxy status has counted them\n`,
		);
	return ExitCode.OK;
};

interface Following {
	events: EventMaps;
	names: EventNames;
	filter: EventFilter;
	json: boolean;
}

/** What comes until the terminal's signal; with `--since` also what was before. A JSON object a line. */
async function follow({ events, names, filter, json }: Following, terminal: Terminal): Promise<void> {
	let last = readEvents(events);
	const print = (found: readonly EventView[]) => {
		for (const event of found) terminal.out(json ? `${JSON.stringify(event)}\n` : formatEvent(event));
	};
	if (filter.sinceMs !== undefined)
		print(describeEvents(last, names).filter((event) => isYoung(event, filter) && filter.passes(event)));
	while (!terminal.signal.aborted) {
		await pause(terminal.signal);
		const next = readEvents(events, last.position as EventPosition);
		print(describeEvents(next, names).filter(filter.passes));
		const lost = next.missed + next.leftOut - last.leftOut;
		if (lost > 0n) terminal.error(`kproxy drops: ${lost} came too fast to be shown\n`);
		last = next;
	}
}

async function pause(signal: AbortSignal): Promise<void> {
	try {
		await setTimeout(POLL_MS, undefined, { signal });
	} catch (error) {
		if ((error as Error).name !== "AbortError") throw error;
	}
}

function isYoung({ atMs }: EventView, { sinceMs }: EventFilter): boolean {
	return sinceMs === undefined || Date.now() - atMs <= sinceMs;
}
