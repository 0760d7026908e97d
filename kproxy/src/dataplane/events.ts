import type { MapHandle } from "bpf-loader";
import { type MapTable, openPerCpuArray } from "bpf-maps";
import { type Event, type EventHead, maps } from "./generated/tc.ts";

/** The maps of refused packets, as every CPU writes its own. */
export interface EventMaps {
	events: MapTable<number, Event[]>;
	heads: MapTable<number, EventHead[]>;
}

/** Throws LayoutError where a map's key or value is not what this version of kproxy was built with. */
export function openEventMaps(handles: Readonly<Record<"events" | "event_heads", MapHandle>>): EventMaps {
	return {
		events: openPerCpuArray(handles.events, maps.events),
		heads: openPerCpuArray(handles.event_heads, maps.event_heads),
	};
}

/** What was read up to: the sequence of the last event of each CPU. */
export type EventPosition = readonly bigint[];

/** Refused packets, the oldest first. */
export interface ReadEvents {
	events: Event[];
	/** To go on from. */
	position: EventPosition;
	/** Events that were overwritten before they were read, since `after`. */
	missed: bigint;
	/** Events that came too fast to be written down, since the maps were pinned. */
	leftOut: bigint;
}

/**
 * Reads the events after a position; without one all that there are. Takes nothing away: others read the same. Cost: as
 * many look-ups as there are new events on the CPU that has most.
 */
export function readEvents({ events, heads }: EventMaps, after?: EventPosition): ReadEvents {
	const room = BigInt(events.maxEntries);
	const now = heads.get(0) ?? [];
	const from = now.map(({ written }, cpu) => {
		const kept = written > room ? written - room : 0n;
		const asked = after?.[cpu] ?? 0n;
		return asked > kept ? asked : kept;
	});
	const found: Event[] = [];
	const cells = new Map<number, Event[] | undefined>();
	for (const [cpu, { written }] of now.entries()) {
		for (let sequence = (from[cpu] ?? 0n) + 1n; sequence <= written; sequence++) {
			const cell = Number((sequence - 1n) % room);
			if (!cells.has(cell)) cells.set(cell, events.get(cell));
			const event = cells.get(cell)?.[cpu];
			// Another one has taken its place meanwhile: that belongs to the next read.
			if (event?.sequence === sequence) found.push(event);
		}
	}
	const overwritten = after ? from.reduce((sum, start, cpu) => sum + start - (after[cpu] ?? 0n), 0n) : 0n;
	return {
		events: found.sort((a, b) => Number(a.atNs - b.atNs)),
		position: now.map(({ written }) => written),
		missed: overwritten,
		leftOut: now.reduce((sum, { leftOut }) => sum + leftOut, 0n),
	};
}
