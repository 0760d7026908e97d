import { BackendState, type FrontendKey, type ServiceName } from "../dataplane/generated/sock_lb.ts";
import { type FrontendEntry, isGuard, type Mirror, protocolText, sameRange } from "../dataplane/tables.ts";
import { endpointKey } from "./backends.ts";
import { rowId } from "./row.ts";
import type { SlotRange } from "./slot-allocator.ts";

/** Begins the ids of rows that no API object can have. */
const UNSOUND = "kernel ";

/** True for a row that stands for a frontend of the kernel that leads nowhere, or not where its row does. */
export function isUnsound(id: string): boolean {
	return id.startsWith(UNSOUND);
}

/** Frontends of one row with one range, or a single one that makes no sense. */
export interface Group {
	service: number;
	/** All slots that its frontends lead to; undefined where it has none, or none that the map has. */
	span: SlotRange | undefined;
	sound: boolean;
	keys: string[];
	entries: FrontendEntry[];
}

/**
 * Frontends of the kernel by row: those that agree about its service number and range. Any other stands alone, and what
 * is wrong with it goes to `repairs`.
 */
export function groupFrontends(
	mirror: Mirror,
	context: { numbers: ReadonlyMap<string, number>; repairs: string[] },
): Map<string, Group> {
	const groups = new Map<string, Group>();
	const owners = new Map<number, string>();
	const strays: [string, FrontendEntry][] = [];
	for (const [text, entry] of mirror.frontends) {
		if (isGuard(entry.key)) continue;
		const fault = findFault(mirror, { entry, numbers: context.numbers });
		if (fault !== undefined) context.repairs.push(`svc_frontends ${text} ${fault}`);
		const name = mirror.names.get(entry.value.service);
		// A row that was caught between two of its frontends is no fault, but only one of them can be the row's.
		const joined =
			fault === undefined && name && join({ groups, owners }, { id: rowIdOf(name, entry.key), text, entry });
		if (!joined) strays.push([text, entry]);
	}
	for (const [text, entry] of strays) {
		const { value } = entry;
		const span = unite(clip(value.internal, mirror.slots.length), clip(value.external, mirror.slots.length));
		const service = mirror.names.has(value.service) && !owners.has(value.service) ? value.service : 0;
		if (service !== 0) owners.set(service, text);
		groups.set(`${UNSOUND}${text}`, { service, span, sound: false, keys: [text], entries: [entry] });
	}
	return groups;
}

/** Adds a frontend to its row; false where the row is already known with another range or service number. */
function join(
	known: { groups: Map<string, Group>; owners: Map<number, string> },
	{ id, text, entry }: { id: string; text: string; entry: FrontendEntry },
): boolean {
	const { internal, external, service } = entry.value;
	const span = unite(used(internal), used(external));
	const group = known.groups.get(id);
	if (group === undefined) {
		if (known.owners.has(service)) return false;
		known.owners.set(service, id);
		known.groups.set(id, { service, span, sound: true, keys: [text], entries: [entry] });
		return true;
	}
	if (group.service !== service || !touch(group.span, span)) return false;
	group.span = unite(group.span, span);
	group.keys.push(text);
	group.entries.push(entry);
	return true;
}

function used(range: SlotRange): SlotRange | undefined {
	return range.count > 0 ? range : undefined;
}

/** Both runs of a row lie in one range. An empty one is anywhere. */
function touch(a: SlotRange | undefined, b: SlotRange | undefined): boolean {
	return !a || !b || (a.first <= b.first + b.count && b.first <= a.first + a.count);
}

/** From the first slot of either to the last. */
function unite(a: SlotRange | undefined, b: SlotRange | undefined): SlotRange | undefined {
	if (!a || !b) return a ?? b;
	const first = Math.min(a.first, b.first);
	return { first, count: Math.max(a.first + a.count, b.first + b.count) - first };
}

function findFault(
	mirror: Mirror,
	{ entry, numbers }: { entry: FrontendEntry; numbers: ReadonlyMap<string, number> },
): string | undefined {
	const { key, value } = entry;
	if (value.service === 0 || !mirror.names.has(value.service)) {
		return `has service number ${value.service}, which svc_names does not know`;
	}
	if (!touch(used(value.internal), used(value.external))) return "points at two ranges of slots";
	const faultOf = (range: SlotRange) => findRangeFault(mirror, { key, range, numbers });
	return (
		faultOf(value.internal) ??
		(sameRange(value.internal, value.external) ? undefined : faultOf(value.external))
	);
}

function findRangeFault(
	mirror: Mirror,
	{ key, range, numbers }: { key: FrontendKey; range: SlotRange; numbers: ReadonlyMap<string, number> },
): string | undefined {
	const end = range.first + range.count;
	if (range.count > 0 && end > mirror.slots.length) {
		return `points at slots ${range.first} to ${end - 1}, but svc_slots has ${mirror.slots.length}`;
	}
	for (let slot = range.first; slot < end; slot += 1) {
		const number = mirror.slots[slot] ?? 0;
		const cell = mirror.backends[number];
		if (number === 0 || cell === undefined || cell.state === BackendState.FREE) {
			return `points at slot ${slot}, whose backend ${number} is free`;
		}
		if (cell.protocol !== key.protocol)
			return `leads to backend ${number}, which is ${protocolText(cell.protocol)}`;
		if (numbers.get(endpointKey(cell, cell.protocol)) !== number)
			return `leads to backend ${number}, a duplicate`;
	}
	return undefined;
}

function rowIdOf(name: ServiceName, key: FrontendKey): string {
	return rowId({ ...name, family: key.address.includes(":") ? "IPv6" : "IPv4" });
}

function clip({ first, count }: SlotRange, limit: number): SlotRange | undefined {
	const end = Math.min(first + count, limit);
	return first < end ? { first, count: end - first } : undefined;
}
