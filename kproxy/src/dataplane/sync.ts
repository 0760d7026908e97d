import type { Problem } from "../problem.ts";
import {
	type Backend,
	BackendState,
	type Frontend,
	FrontendFlag,
	type FrontendKey,
	type SlotRange,
} from "./generated/sock_lb.ts";
import { type Ledger, take, unwritten, type Wish, type WriteFailure, write } from "./ledger.ts";
import { createLedgers, type ServiceLedgers } from "./service-ledgers.ts";
import {
	type Desired,
	frontendText,
	isGuard,
	type Mirror,
	readTables,
	type ServiceTables,
	sameFrontend,
} from "./tables.ts";

/** What one apply did to the kernel, in entries. */
export interface Applied {
	/** Without guards. */
	frontendsWritten: number;
	frontendsDeleted: number;
	/** Guards, and cells of the other maps, written or zeroed. */
	cellsWritten: number;
	/** Entries that still differ from what is desired; to be tried again. */
	pending: number;
}

/** Brings the five maps to what a plan desires, and knows at any time what they hold. */
export interface Sync {
	/** Writes what differs, in an order that never shows a hole. Never throws: what fails stays pending. Keeps `desired`. */
	apply(desired: Desired): Applied;
	/** What the kernel holds for a frontend; `unknown` after a failed write that could not be read back. */
	frontendAt(text: string): Frontend | undefined | "unknown";
	/** Writes that fail, by map and by Service. */
	problems(): Problem[];
	/** What the maps hold. Kept up to date by `apply`; not to be changed. */
	readonly mirror: Mirror;
}

interface SyncState extends ServiceLedgers {
	mirror: Mirror;
	failures: WriteFailure[];
	/** Guards that this apply wrote or deleted. */
	guardsWritten: number;
}

/** A sync that starts from what the maps hold (`mirror`, as `readTables` gives it, if it has been read already). */
export function createSync(tables: ServiceTables, mirror: Mirror = readTables(tables)): Sync {
	const state: SyncState = { mirror, ...createLedgers(tables, mirror), failures: [], guardsWritten: 0 };
	return {
		apply: (desired) => apply(state, desired),
		frontendAt: (text) => (state.frontends.unknown.has(text) ? "unknown" : mirror.frontends.get(text)?.value),
		problems: () => problems(state),
		mirror,
	};
}

/**
 * Backends before the slots that name them, slots, names and source ranges before the frontends that need them:
 * whoever looks up a frontend between two writes finds the old backend set or the new one, whole. Backends that no
 * frontend leads to any more retire after that, and what is freed has had none for a grace period, so it goes last.
 */
function apply(state: SyncState, desired: Desired): Applied {
	const { frontends, slots, backends, names, ranges } = state;
	const failures: WriteFailure[] = [];
	state.failures = failures;
	state.guardsWritten = 0;
	take(backends, desired.backends);
	take(slots, desired.slots);
	take(names, desired.names);
	take(ranges, desired.ranges);
	take(frontends, desired.frontends);

	let cellsWritten = 0;
	cellsWritten += flush(backends, { failures, select: (backend) => takesFlows(backend) });
	cellsWritten += flush(slots, { failures, select: (number) => number !== 0 });
	cellsWritten += flush(names, { failures, select: (name) => name !== undefined });
	cellsWritten += writeRanges(state);

	let frontendsWritten = writeFrontends(state);
	const frontendsDeleted = flushFrontends(state, (value) => value === undefined);
	// A full map takes what is new only after what is old has gone.
	if (frontends.pending.size > 0) frontendsWritten += writeFrontends(state);

	const needed = findNeeded(state);
	const isRetired = (backend: Backend | undefined, number: number) =>
		!takesFlows(backend) && !needed.backends.has(number);
	cellsWritten += flush(backends, { failures, select: isRetired });
	cellsWritten += flush(slots, { failures, select: (number) => number === 0 });
	cellsWritten += flush(names, { failures, select: (name) => name === undefined });
	const isGone = (wanted: number | undefined, text: string) =>
		wanted === undefined && !needed.services.has(ranges.pending.get(text)?.key.service ?? 0);
	cellsWritten += flush(ranges, { failures, select: isGone });
	if (ranges.pending.size > 0) {
		cellsWritten += writeRanges(state);
		frontendsWritten += writeFrontends(state);
	}
	const ledgers = [frontends, slots, backends, names, ranges];
	const pending = ledgers.reduce((sum, ledger) => sum + ledger.pending.size, 0);
	cellsWritten += state.guardsWritten;
	return { frontendsWritten, frontendsDeleted, cellsWritten, pending };
}

/** Writes what is pending and selected; `onBatch` sees each batch once it has been tried. */
function flush<I, K, V, P>(
	ledger: Ledger<I, K, V, P>,
	{
		failures,
		select,
		onBatch,
	}: {
		failures: WriteFailure[];
		select: (value: V | undefined, id: I) => boolean;
		onBatch?: (batch: readonly Wish<K, V>[]) => void;
	},
): number {
	let count = 0;
	for (const batch of unwritten(ledger, select)) {
		const result = write(ledger, batch);
		failures.push(...result.failures);
		count += result.written;
		onBatch?.(batch);
	}
	return count;
}

/** Writes source ranges, as many as fit. */
function writeRanges({ ranges, mirror, failures }: SyncState): number {
	let room = ranges.table.maxEntries - mirror.ranges.size;
	const select = (wanted: number | undefined, text: string) => {
		if (wanted === undefined) return false;
		if (mirror.ranges.has(text)) return true;
		room -= 1;
		return room >= 0;
	};
	return flush(ranges, { failures, select });
}

/** Writes frontends: all that change, and as many new ones as fit. */
function writeFrontends(state: SyncState): number {
	const { frontends, mirror } = state;
	let room = frontends.table.maxEntries - mirror.frontends.size;
	const select = (value: Frontend | undefined, text: string) => {
		if (value === undefined || !isComplete(state, value)) return false;
		if (mirror.frontends.has(text)) return true;
		room -= 1;
		return room >= 0;
	};
	return flushFrontends(state, select);
}

/** Writes what is pending and selected; returns how many of them are no guards. */
function flushFrontends(
	state: SyncState,
	select: (value: Frontend | undefined, text: string) => boolean,
): number {
	const { frontends, failures } = state;
	let guards = 0;
	const isWrittenGuard = (key: FrontendKey) => isGuard(key) && !frontends.pending.has(frontendText(key));
	const written = flush(frontends, {
		failures,
		select,
		onBatch(batch) {
			for (const [key] of batch) if (isWrittenGuard(key)) guards += 1;
		},
	});
	state.guardsWritten += guards;
	return written - guards;
}

/** What frontends in the kernel lead to that should be others by now, but could not be written: it stays till they are. */
function findNeeded({ frontends, mirror }: SyncState): { backends: Set<number>; services: Set<number> } {
	const backends = new Set<number>();
	const services = new Set<number>();
	for (const [text, { value }] of frontends.pending) {
		const held = mirror.frontends.get(text)?.value;
		if (held === undefined || (sameFrontend(held, value) && !frontends.unknown.has(text))) continue;
		if ((held.flags & FrontendFlag.SOURCE_RANGES) !== 0) services.add(held.service);
		for (const { first, count } of [held.internal, held.external]) {
			const end = Math.min(first + count, mirror.slots.length);
			for (let slot = first; slot < end; slot += 1) backends.add(mirror.slots[slot] ?? 0);
		}
	}
	return { backends, services };
}

function takesFlows(backend: Backend | undefined): boolean {
	return backend?.state === BackendState.ACTIVE || backend?.state === BackendState.TERMINATING;
}

/** True where everything that the frontend leads to is in the kernel. Only failed writes make it false. */
function isComplete(state: SyncState, value: Frontend): boolean {
	// A name that goes is no obstacle: a guard's number 0 may have one, left by whoever wrote there.
	if (state.names.pending.get(value.service) !== undefined) return false;
	if ((value.flags & FrontendFlag.SOURCE_RANGES) !== 0 && lacksRanges(state, value.service)) return false;
	if (state.slots.pending.size === 0 && state.backends.pending.size === 0) return true;
	return isWritten(state, value.internal) && isWritten(state, value.external);
}

function lacksRanges({ ranges }: SyncState, service: number): boolean {
	for (const { key, wanted } of ranges.pending.values()) if (wanted && key.service === service) return true;
	return false;
}

function isWritten({ slots, backends, mirror }: SyncState, { first, count }: SlotRange): boolean {
	for (let slot = first; slot < first + count; slot += 1) {
		if (slots.pending.has(slot) || backends.pending.has(mirror.slots[slot] ?? 0)) return false;
	}
	return true;
}

function problems(state: SyncState): Problem[] {
	const found: Problem[] = [];
	const byMap = new Map(state.failures.map((failure) => [failure.map, failure.cause]));
	for (const [map, cause] of byMap) {
		const object = `map ${map}`;
		const message = `${object}: ${messageOf(cause)}; the entries that failed are tried again`;
		found.push({ id: `${object} WRITE_FAILED`, object, code: "WRITE_FAILED", message });
	}
	for (const [text, { value }] of state.frontends.pending) {
		const service = value?.service ?? state.mirror.frontends.get(text)?.value.service ?? 0;
		const name = state.names.pending.get(service) ?? state.mirror.names.get(service);
		const object = name ? `Service ${name.namespace}/${name.name}` : "map svc_frontends";
		const what = value === undefined ? "could not be deleted" : "could not be written";
		const message = `${object}: frontend ${text} ${what}; its old state goes on serving and it is tried again`;
		found.push({ id: `${text} WRITE_FAILED`, object, code: "WRITE_FAILED", message });
	}
	return found;
}

function messageOf(cause: unknown): string {
	return cause instanceof Error ? cause.message : String(cause);
}
