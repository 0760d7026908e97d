import type { ServicePortRow } from "../plan/row.ts";
import type { Change } from "../watch/source.ts";
import type { HealthCheck } from "./health-check.ts";
import type { ModelState } from "./model-state.ts";
import type { EndpointSliceObject, ServiceObject } from "./objects.ts";

/** A Service as known so far; slices may come before it and stay after it. */
export interface Entry {
	service: ServiceObject | undefined;
	/** A few per Service, so a list is smaller than a map. */
	slices: EndpointSliceObject[];
	rows: ReadonlyMap<string, ServicePortRow>;
	claims: readonly string[];
	problems: readonly string[];
	healthCheck: HealthCheck | undefined;
}

const NO_ROWS: ReadonlyMap<string, ServicePortRow> = new Map();

/** What is known of a Service, by `namespace/name`; begun where nothing is. */
export function entryOf({ entries }: Pick<ModelState, "entries">, id: string): Entry {
	let entry = entries.get(id);
	if (entry === undefined) {
		entry = {
			service: undefined,
			slices: [],
			rows: NO_ROWS,
			claims: [],
			problems: [],
			healthCheck: undefined,
		};
		entries.set(id, entry);
	}
	return entry;
}

/** Takes in a changed Service. Returns the Service whose rows this may change. */
export function takeService(state: ModelState, change: Change): string {
	const id = `${change.namespace}/${change.name}`;
	entryOf(state, id).service = change.object?.kind === "Service" ? change.object : undefined;
	return id;
}

/** Takes in a changed slice; the Services that it leaves and joins become dirty. */
export function takeSlice(
	state: ModelState,
	{ change, dirty, triggers }: { change: Change; dirty: Set<string>; triggers: Map<string, number[]> },
): void {
	const sliceId = `${change.namespace}/${change.name}`;
	const slice = change.object?.kind === "EndpointSlice" ? change.object : undefined;
	const before = state.sliceOwners.get(sliceId);
	const now = slice && slice.service !== "" ? `${slice.namespace}/${slice.service}` : undefined;

	let previous: EndpointSliceObject | undefined;
	if (before !== undefined) {
		const entry = entryOf(state, before);
		const at = entry.slices.findIndex((other) => other.name === change.name);
		if (at >= 0) previous = entry.slices.splice(at, 1)[0];
		state.sliceOwners.delete(sliceId);
		dirty.add(before);
	}
	if (slice === undefined || now === undefined) return;
	entryOf(state, now).slices.push(slice);
	state.sliceOwners.set(sliceId, now);
	dirty.add(now);
	// A slice that changes for another reason keeps its old trigger time, which says nothing about this change.
	if (slice.triggerTimeMs !== undefined && slice.triggerTimeMs !== previous?.triggerTimeMs) {
		triggers.set(now, [...(triggers.get(now) ?? []), slice.triggerTimeMs]);
	}
}
