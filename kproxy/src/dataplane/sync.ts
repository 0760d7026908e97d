import type { Problem } from "../problem.ts";
import {
	type Backend,
	BackendState,
	type Frontend,
	type FrontendKey,
	type ServiceName,
} from "./generated/sock_lb.ts";
import { type Ledger, take, unwritten, type WriteFailure, write } from "./ledger.ts";
import {
	type Desired,
	frontendText,
	type Mirror,
	readTables,
	type ServiceTables,
	sameBackend,
	sameFrontend,
	sameName,
} from "./tables.ts";

/** What one apply did to the kernel, in entries. */
export interface Applied {
	frontendsWritten: number;
	frontendsDeleted: number;
	/** Cells of the other maps, written or zeroed. */
	cellsWritten: number;
	/** Entries that still differ from what is desired; to be tried again. */
	pending: number;
}

/** Brings the four maps to what a plan desires, and knows at any time what they hold. */
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

interface SyncState {
	mirror: Mirror;
	frontends: Ledger<string, FrontendKey, Frontend, { key: FrontendKey; value: Frontend | undefined }>;
	slots: Ledger<number, number, number, number>;
	backends: Ledger<number, number, Backend, Backend>;
	names: Ledger<number, number, ServiceName, ServiceName | undefined>;
	failures: WriteFailure[];
}

/** A sync that starts from what the maps hold (`mirror`, as `readTables` gives it, if it has been read already). */
export function createSync(tables: ServiceTables, mirror: Mirror = readTables(tables)): Sync {
	const state: SyncState = { mirror, ...createLedgers(tables, mirror), failures: [] };
	return {
		apply: (desired) => apply(state, desired),
		frontendAt: (text) => (state.frontends.unknown.has(text) ? "unknown" : mirror.frontends.get(text)?.value),
		problems: () => problems(state),
		mirror,
	};
}

/**
 * Backends before the slots that name them, slots before the frontends that point to them: whoever looks up a
 * frontend between two writes finds the old backend set or the new one, whole. What is freed has had no frontend
 * for a grace period, so it goes last.
 */
function apply(state: SyncState, desired: Desired): Applied {
	const { frontends, slots, backends, names } = state;
	const failures: WriteFailure[] = [];
	state.failures = failures;
	take(backends, desired.backends);
	take(slots, desired.slots);
	take(names, desired.names);
	take(frontends, desired.frontends);

	let cellsWritten = 0;
	cellsWritten += flush(backends, { failures, select: (backend) => !isFree(backend) });
	cellsWritten += flush(slots, { failures, select: (number) => number !== 0 });
	cellsWritten += flush(names, { failures, select: (name) => name !== undefined });

	let frontendsWritten = writeFrontends(state);
	const frontendsDeleted = flush(frontends, { failures, select: (value) => value === undefined });
	// A full map takes what is new only after what is old has gone.
	if (frontends.pending.size > 0) frontendsWritten += writeFrontends(state);

	cellsWritten += flush(backends, { failures, select: isFree });
	cellsWritten += flush(slots, { failures, select: (number) => number === 0 });
	cellsWritten += flush(names, { failures, select: (name) => name === undefined });
	const pending = frontends.pending.size + slots.pending.size + backends.pending.size + names.pending.size;
	return { frontendsWritten, frontendsDeleted, cellsWritten, pending };
}

/** Writes what is pending and selected. */
function flush<I, K, V, P>(
	ledger: Ledger<I, K, V, P>,
	{ failures, select }: { failures: WriteFailure[]; select: (value: V | undefined, id: I) => boolean },
): number {
	let count = 0;
	for (const batch of unwritten(ledger, select)) {
		const result = write(ledger, batch);
		failures.push(...result.failures);
		count += result.written;
	}
	return count;
}

/** Writes frontends: all that change, and as many new ones as fit. */
function writeFrontends(state: SyncState): number {
	const { frontends, mirror, failures } = state;
	let room = frontends.table.maxEntries - mirror.frontends.size;
	const select = (value: Frontend | undefined, text: string) => {
		if (value === undefined || !isComplete(state, value)) return false;
		if (mirror.frontends.has(text)) return true;
		room -= 1;
		return room >= 0;
	};
	return flush(frontends, { failures, select });
}

function isFree(backend: Backend | undefined): boolean {
	return backend === undefined || backend.state === BackendState.FREE;
}

/** True where everything that the frontend leads to is in the kernel. Only failed writes make it false. */
function isComplete(state: SyncState, value: Frontend): boolean {
	if (state.names.pending.has(value.service)) return false;
	if (state.slots.pending.size === 0 && state.backends.pending.size === 0) return true;
	for (let slot = value.firstSlot; slot < value.firstSlot + value.slotCount; slot += 1) {
		if (state.slots.pending.has(slot)) return false;
		if (state.backends.pending.has(state.mirror.slots[slot] ?? 0)) return false;
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

function createLedgers(
	tables: ServiceTables,
	mirror: Mirror,
): Pick<SyncState, "frontends" | "slots" | "backends" | "names"> {
	return {
		frontends: {
			table: tables.frontends,
			id: frontendText,
			pending: new Map(),
			wish: (_, { key, value }) => [key, value],
			unknown: new Set(),
			held: (text) => mirror.frontends.get(text)?.value,
			note(text, [key, value]) {
				if (value === undefined) mirror.frontends.delete(text);
				else mirror.frontends.set(text, { key, value });
			},
			same: sameFrontend,
		},
		slots: {
			table: tables.slots,
			id: (number) => number,
			pending: new Map(),
			wish: (number, value) => [number, value],
			unknown: new Set(),
			held: (slot) => mirror.slots[slot],
			note(slot, [, value]) {
				mirror.slots[slot] = value ?? 0;
			},
			same: (a, b) => (a ?? 0) === (b ?? 0),
		},
		backends: {
			table: tables.backends,
			id: (number) => number,
			pending: new Map(),
			wish: (number, value) => [number, value],
			unknown: new Set(),
			held: (number) => mirror.backends[number],
			note(number, [, value]) {
				mirror.backends[number] = value;
			},
			same: sameBackend,
		},
		names: {
			table: tables.names,
			id: (number) => number,
			pending: new Map(),
			wish: (number, value) => [number, value],
			unknown: new Set(),
			held: (number) => mirror.names.get(number),
			note(number, [, value]) {
				if (value === undefined || value.name === "") mirror.names.delete(number);
				else mirror.names.set(number, value);
			},
			// An array map answers a free cell with an empty name.
			same: (a, b) => sameName(a?.name === "" ? undefined : a, b),
		},
	};
}
