import type { Table } from "bpf-maps";
import {
	type Backend,
	BackendState,
	type Frontend,
	type FrontendKey,
	type RangeKey,
	type ServiceName,
} from "../../src/dataplane/generated/sock_lb.ts";
import { withoutHostBits } from "../../src/dataplane/source-ranges.ts";
import { frontendText, isGuard, rangeText, type ServiceTables } from "../../src/dataplane/tables.ts";

/** One write to one entry, about to happen. */
export interface SingleWrite {
	table: string;
	id: number | string;
	deletes: boolean;
}

export interface FakeTables extends ServiceTables {
	/** Called before each single write; what it throws stops the batch there, as a kill or an error would. */
	before: (write: SingleWrite) => void;
	/** Called after each single write, to see what a reader could see now. What it throws is kept in `faults`. */
	after: () => void;
	/** What `after` threw: nobody between the reader and the test may swallow it. */
	faults: unknown[];
	/** Single writes so far. */
	writes: number;
	/** What the tables hold, free cells left out. */
	content(): {
		/** Without guards. */
		frontends: Map<string, Frontend>;
		/** Addresses that have a guard, sorted. */
		guards: string[];
		slots: Map<number, number>;
		backends: Map<number, Backend>;
		names: Map<number, ServiceName>;
		/** By `rangeText`. */
		ranges: Map<string, number>;
	};
	/** An independent copy, as a new daemon would find it. */
	copy(): FakeTables;
}

export interface FakeLimits {
	frontends?: number;
	slots?: number;
	backends?: number;
	names?: number;
	ranges?: number;
}

type Hooks = Pick<FakeTables, "before" | "after" | "faults" | "writes">;

interface Kept<K, V> {
	entries: Map<string | number, [K, V]>;
	table: Table<K, V>;
}

/** Five tables in memory that write one entry at a time. */
export function fakeTables(limits: FakeLimits = {}): FakeTables {
	const hooks: Hooks = { before() {}, after() {}, faults: [], writes: 0 };
	const frontends = fakeTable<FrontendKey, Frontend>({
		name: "svc_frontends",
		limit: limits.frontends ?? 64,
		hooks,
		id: frontendText,
	});
	const slots = fakeTable<number, number>({
		name: "svc_slots",
		limit: limits.slots ?? 256,
		hooks,
		id: (slot) => slot,
	});
	const backends = fakeTable<number, Backend>({
		name: "svc_backends",
		limit: limits.backends ?? 128,
		hooks,
		id: (number) => number,
	});
	const names = fakeTable<number, ServiceName>({
		name: "svc_names",
		limit: limits.names ?? 64,
		hooks,
		id: (number) => number,
	});
	const ranges = fakeTable<RangeKey, number>({
		name: "svc_ranges",
		limit: limits.ranges ?? 64,
		hooks,
		id: (key) => rangeText(withoutHostBits(key)),
	});
	return Object.assign(hooks, {
		frontends: frontends.table,
		slots: slots.table,
		backends: backends.table,
		names: names.table,
		ranges: ranges.table,
		content: () => ({
			frontends: plain<Frontend, string, FrontendKey>(frontends, (_, key) => !isGuard(key)),
			guards: [...frontends.entries.values()].flatMap(([key]) => (isGuard(key) ? [key.address] : [])).sort(),
			slots: plain<number, number>(slots, (number) => number !== 0),
			backends: plain<Backend, number>(backends, (backend) => backend.state !== BackendState.FREE),
			names: plain<ServiceName, number>(names, () => true),
			ranges: plain<number, string>(ranges, () => true),
		}),
		copy() {
			const copy = fakeTables(limits);
			copy.frontends.setAll([...frontends.table.entries()]);
			copy.slots.setAll([...slots.table.entries()]);
			copy.backends.setAll([...backends.table.entries()]);
			copy.names.setAll([...names.table.entries()]);
			copy.ranges.setAll([...ranges.table.entries()]);
			copy.writes = 0;
			return copy;
		},
	});
}

function plain<V, I, K = unknown>(
	kept: { entries: Map<string | number, [K, V]> },
	keep: (value: V, key: K) => boolean,
): Map<I, V> {
	return new Map(
		[...kept.entries]
			.filter(([, [key, value]]) => keep(value, key))
			.map(([id, [, value]]) => [id as I, value]),
	);
}

function fakeTable<K, V>(options: {
	name: string;
	limit: number;
	hooks: Hooks;
	id: (key: K) => string | number;
}): Kept<K, V> {
	const { name, limit, hooks, id } = options;
	const entries = new Map<string | number, [K, V]>();
	function write(key: K, value: V | undefined): void {
		const text = id(key);
		hooks.before({ table: name, id: text, deletes: value === undefined });
		const tooMuch = typeof text === "number" ? text >= limit : !entries.has(text) && entries.size >= limit;
		if (value !== undefined && tooMuch)
			throw new Error(`${name} is full: ${entries.size} of ${limit} entries`);
		if (value === undefined) entries.delete(text);
		else entries.set(text, [key, value]);
		hooks.writes += 1;
		try {
			hooks.after();
		} catch (fault) {
			hooks.faults.push(fault);
		}
	}
	return {
		entries,
		table: {
			name,
			maxEntries: limit,
			get: (key) => entries.get(id(key))?.[1],
			entries: () => [...entries.values()],
			setAll(all) {
				for (const [key, value] of all) write(key, value);
			},
			deleteAll(keys) {
				for (const key of keys) if (entries.has(id(key))) write(key, undefined);
			},
		},
	};
}
