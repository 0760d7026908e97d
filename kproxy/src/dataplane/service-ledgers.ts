import type { Backend, Frontend, FrontendKey, RangeKey, ServiceName } from "./generated/sock_lb.ts";
import type { Ledger } from "./ledger.ts";
import {
	frontendText,
	type Mirror,
	rangeText,
	type ServiceTables,
	sameBackend,
	sameFrontend,
	sameName,
} from "./tables.ts";

/** One ledger for each of the five maps. */
export interface ServiceLedgers {
	frontends: Ledger<string, FrontendKey, Frontend, { key: FrontendKey; value: Frontend | undefined }>;
	slots: Ledger<number, number, number, number>;
	backends: Ledger<number, number, Backend, Backend>;
	names: Ledger<number, number, ServiceName, ServiceName | undefined>;
	ranges: Ledger<string, RangeKey, number, { key: RangeKey; wanted: boolean }>;
}

/** Ledgers that keep `mirror` up to date. */
export function createLedgers(tables: ServiceTables, mirror: Mirror): ServiceLedgers {
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
		ranges: {
			table: { ...tables.ranges, get: (key) => findExactly(tables.ranges, key) },
			id: rangeText,
			pending: new Map(),
			wish: (_, { key, wanted }) => [key, wanted ? ALLOWED : undefined],
			unknown: new Set(),
			held: (text) => (mirror.ranges.has(text) ? ALLOWED : undefined),
			note(text, [key, wanted]) {
				if (wanted === undefined) mirror.ranges.delete(text);
				else mirror.ranges.set(text, key);
			},
			same: (a, b) => (a === undefined) === (b === undefined),
		},
	};
}

/** What stands behind a source range: that it is there says it all. */
const ALLOWED = 1;

/** A trie answers with the longest prefix that contains a key; what counts here is the prefix itself. */
function findExactly(ranges: ServiceTables["ranges"], wanted: RangeKey): number | undefined {
	const text = rangeText(wanted);
	for (const [key, value] of ranges.entries()) if (rangeText(key) === text) return value;
	return undefined;
}
