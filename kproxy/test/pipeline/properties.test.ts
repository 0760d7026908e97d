import test from "ava";
import fc from "fast-check";
import { BackendState, type Frontend, FrontendFlag } from "../../src/dataplane/generated/sock_lb.ts";
import { compareViews, describeTables } from "../../src/dataplane/service-view.ts";
import type { ApiObject } from "../../src/model/objects.ts";
import { createPipeline, type Pipeline } from "../../src/pipeline.ts";
import type { Change } from "../../src/watch/source.ts";
import { type FakeTables, fakeTables } from "../dataplane/fake-tables.ts";
import { come } from "../model/objects.ts";
import { objectsAfter, type Step, steps } from "./random-cluster.ts";
import {
	cellsIn,
	dialled,
	NODE,
	type Reference,
	reference,
	type Served,
	type ServedFrontend,
	servedBy,
} from "./reference.ts";

const GRACE_MS = 1000;
/** For everything that the random cluster may ask for. */
const ROOM = { frontends: 256, slots: 2048, backends: 256, names: 256, ranges: 256 };
const settings = { seed: 20261, numRuns: 300 };

/** A pipeline on tables, with a clock that stands until it is turned. */
function start(tables: FakeTables): { pipeline: Pipeline; time: { nowMs: number } } {
	const time = { nowMs: 0 };
	const clock = { now: () => time.nowMs, sleep: () => Promise.resolve() };
	return { pipeline: createPipeline({ tables, node: NODE, onReport() {}, clock, graceMs: GRACE_MS }), time };
}

/** In one order, for comparison. */
function plain(served: Served): unknown[] {
	return [...served].sort(([a], [b]) => (a < b ? -1 : 1));
}

test("after any changes the tables serve what a computation from scratch says", (t) => {
	fc.assert(
		fc.property(steps(12), (life) => {
			const tables = fakeTables(ROOM);
			const { pipeline, time } = start(tables);
			const changes: Change[] = [];
			for (const step of life) {
				changes.push(...step.changes);
				pipeline.pass({ changes: step.changes, synced: true });
				assertServes(t, { tables, expected: reference(objectsAfter(changes)) });
				t.deepEqual(compareViews(pipeline.wanted(), describeTables(tables)), []);
				t.deepEqual(pipeline.held(), describeTables(tables));
				time.nowMs += step.waitMs;
			}
		}),
		settings,
	);
});

type Asserts = { deepEqual(actual: unknown, expected: unknown): void };

function assertServes(t: Asserts, { tables, expected }: { tables: FakeTables; expected: Reference }): void {
	t.deepEqual(plain(servedBy(tables)), plain(expected.served));
	t.deepEqual(tables.content().guards, expected.guards);
	t.deepEqual(cellsIn(tables), expected.cells);
}

test("between any two writes a reader finds the old backend set or the new one, whole", (t) => {
	fc.assert(
		fc.property(steps(12), (life) => {
			const tables = fakeTables(ROOM);
			const { pipeline, time } = start(tables);
			const changes: Change[] = [];
			for (const step of life) {
				changes.push(...step.changes);
				const old = servedBy(tables);
				const next = reference(objectsAfter(changes)).served;
				tables.after = () => assertOldOrNew(tables, { old, next });
				pipeline.pass({ changes: step.changes, synced: true });
				t.deepEqual(tables.faults, []);
				time.nowMs += step.waitMs;
			}
		}),
		settings,
	);
});

test("a reader that looked up its frontend within the grace period still finds its backends", (t) => {
	fc.assert(
		fc.property(steps(12), (life) => {
			const tables = fakeTables(ROOM);
			const { pipeline, time } = start(tables);
			let readers: Reader[] = [];
			for (const step of life) {
				readers = readers.filter((reader) => reader.untilMs > time.nowMs);
				for (const [text, value] of tables.content().frontends) {
					readers.push({
						text,
						value,
						found: addresses(tables, { text, value }),
						untilMs: time.nowMs + GRACE_MS,
					});
				}
				tables.after = () => {
					for (const { text, value, found } of readers) {
						if (addresses(tables, { text, value }) !== found)
							throw new Error(`a reader of ${text} lost ${found}`);
					}
				};
				pipeline.pass({ changes: step.changes, synced: true });
				t.deepEqual(tables.faults, []);
				time.nowMs += step.waitMs;
			}
		}),
		settings,
	);
});

interface Reader {
	text: string;
	value: Frontend;
	found: string;
	untilMs: number;
}

/** Whoever comes from inside, and whoever comes from outside. */
function addresses(tables: FakeTables, { text, value }: Pick<Reader, "text" | "value">): string {
	const of = (range: Frontend["internal"]) => dialled(tables, { text, range, mayBeRetired: true }).join(" ");
	return `${of(value.internal)}, ${of(value.external)}`;
}

function valueText({ ranges: _, ...value }: ServedFrontend): string {
	return JSON.stringify(value);
}

function assertOldOrNew(tables: FakeTables, { old, next }: { old: Served; next: Served }): void {
	for (const [text, seen] of servedBy(tables)) {
		const allowed = [old.get(text), next.get(text)].filter((entry) => entry !== undefined);
		const matching = allowed.filter((entry) => valueText(entry) === valueText(seen));
		if (matching.length === 0) {
			const either = allowed.map(valueText).join(" nor ");
			throw new Error(`${text} shows ${valueText(seen)}, neither ${either}`);
		}
		if ((seen.flags & FrontendFlag.SOURCE_RANGES) === 0) continue;
		// One value for both: ranges that both have stay there.
		const needed = matching[0]?.ranges.filter((range) =>
			matching.every(({ ranges }) => ranges.includes(range)),
		);
		const missing = needed?.filter((range) => !seen.ranges.includes(range)) ?? [];
		if (missing.length > 0 || seen.ranges.length === 0) throw new Error(`${text} lacks ranges ${missing}`);
	}
}

test("an endpoint keeps its number as long as anything leads to it", (t) => {
	fc.assert(
		fc.property(steps(12), (life) => {
			const tables = fakeTables(ROOM);
			const { pipeline, time } = start(tables);
			for (const step of life) {
				const before = numbersDialled(tables);
				pipeline.pass({ changes: step.changes, synced: true });
				for (const [endpoint, number] of numbersDialled(tables)) {
					t.is(number, before.get(endpoint) ?? number, endpoint);
				}
				time.nowMs += step.waitMs;
			}
		}),
		settings,
	);
});

function numbersDialled(tables: FakeTables): Map<string, number> {
	const numbers = new Map<string, number>();
	for (const slot of slotsLedTo(tables)) {
		const number = tables.slots.get(slot) ?? 0;
		const cell = tables.backends.get(number);
		numbers.set(`${cell?.address} ${cell?.port} ${cell?.protocol}`, number);
	}
	return numbers;
}

function slotsLedTo(tables: FakeTables): Set<number> {
	const slots = new Set<number>();
	for (const { internal, external } of tables.content().frontends.values()) {
		for (const { first, count } of [internal, external]) {
			for (let i = 0; i < count; i += 1) slots.add(first + i);
		}
	}
	return slots;
}

test("when everything has gone and the grace period is over the tables are empty and all numbers are free", (t) => {
	fc.assert(
		fc.property(steps(8), (life) => {
			const tables = fakeTables(ROOM);
			const { pipeline, time } = start(tables);
			const changes: Change[] = [];
			for (const step of life) {
				changes.push(...step.changes);
				pipeline.pass({ changes: step.changes, synced: true });
				time.nowMs += step.waitMs;
			}
			const gone = objectsAfter(changes).map((object) => ({ ...object, object: undefined }));
			pipeline.pass({ changes: gone, synced: true });
			time.nowMs += GRACE_MS;
			const { use } = pipeline.pass({ changes: [], synced: true });
			t.deepEqual(sizes(tables), { frontends: 0, guards: 0, slots: 0, backends: 0, names: 0, ranges: 0 });
			t.deepEqual(
				use.map(({ used }) => used),
				[0, 0, 0, 0, 0],
			);
		}),
		settings,
	);
});

function sizes(tables: FakeTables): Record<string, number> {
	const { frontends, guards, slots, backends, names, ranges } = tables.content();
	return {
		frontends: frontends.size,
		guards: guards.length,
		slots: slots.size,
		backends: backends.size,
		names: names.size,
		ranges: ranges.size,
	};
}

test("a restart with the same objects, in any order, writes nothing", (t) => {
	fc.assert(
		fc.property(steps(8), fc.boolean(), fc.infiniteStream(fc.nat()), (life, inParts, chance) => {
			const tables = fakeTables(ROOM);
			const { pipeline, time } = start(tables);
			for (const step of life) {
				pipeline.pass({ changes: step.changes, synced: true });
				time.nowMs += step.waitMs;
			}
			time.nowMs += GRACE_MS;
			pipeline.pass({ changes: [], synced: true });
			// This node first: without its zone hints do not count.
			const shuffled = shuffle(objectsAfter(life.flatMap(({ changes }) => changes)), chance);
			const objects = shuffled.toSorted((a, b) => Number(b.kind === "Node") - Number(a.kind === "Node"));
			const copy = tables.copy();
			const second = start(copy);
			if (inParts)
				for (const object of objects) second.pipeline.pass({ changes: come(object), synced: false });
			second.pipeline.pass({ changes: inParts ? [] : come(...objects), synced: true });
			second.time.nowMs += GRACE_MS;
			second.pipeline.pass({ changes: [], synced: true });
			// Hints decide over all slices, so that one slice alone may add endpoints for a while.
			if (!inParts || !objects.some(hasHints)) t.is(copy.writes, 0);
			t.deepEqual(plain(servedBy(copy)), plain(servedBy(tables)));
		}),
		settings,
	);
});

function hasHints(object: ApiObject): boolean {
	return object.kind === "EndpointSlice" && object.endpoints.some(({ forZones }) => forZones.length > 0);
}

function shuffle<T>(items: readonly T[], chance: Iterator<number>): T[] {
	return items
		.map((item) => ({ item, order: chance.next().value as number }))
		.sort((a, b) => a.order - b.order)
		.map(({ item }) => item);
}

/** Lives through the steps until a write that never happens: the process is dead from then on. */
function liveUntilKilled(tables: FakeTables, { life, cut }: { life: readonly Step[]; cut: number }): void {
	const { pipeline, time } = start(tables);
	tables.before = () => {
		if (tables.writes >= cut) throw new Error("killed");
	};
	for (const step of life) {
		pipeline.pass({ changes: step.changes, synced: true });
		if (tables.writes >= cut) return;
		time.nowMs += step.waitMs;
	}
}

test("killed after any write, the next start serves the same as if nothing had happened, and frees what is left", (t) => {
	fc.assert(
		fc.property(steps(6), fc.nat(120), (life, cut) => {
			const dead = fakeTables(ROOM);
			liveUntilKilled(dead, { life, cut });
			const tables = dead.copy();
			const objects = objectsAfter(life.flatMap(({ changes }) => changes));
			const expected = reference(objects);
			const old = servedBy(tables);
			tables.after = () => assertOldOrNew(tables, { old, next: expected.served });
			const { pipeline, time } = start(tables);
			const { repairs } = pipeline.pass({ changes: come(...objects), synced: true });
			t.deepEqual(tables.faults, []);
			t.deepEqual(repairs, [], "what a kill leaves is not taken for corruption");
			t.deepEqual(plain(servedBy(tables)), plain(expected.served));
			time.nowMs += GRACE_MS;
			pipeline.pass({ changes: [], synced: true });
			assertServes(t, { tables, expected });
			assertNothingLeft(t, { tables, expected });
		}),
		{ ...settings, numRuns: 1000 },
	);
});

/** Every cell is in use by a frontend, or by an endpoint that drains. */
function assertNothingLeft(
	t: Asserts,
	{ tables, expected }: { tables: FakeTables; expected: Reference },
): void {
	const { frontends, slots, backends, names, ranges } = tables.content();
	const ascending = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);
	t.deepEqual(ascending(slots.keys()), ascending(slotsLedTo(tables)));
	const services = new Set(Array.from(frontends.values(), ({ service }) => service));
	t.deepEqual(ascending(names.keys()), ascending(services));
	t.deepEqual([backends.size, ranges.size], [expected.cells.length, expected.ranges]);
}

test("before everything has synced a restart only adds", (t) => {
	fc.assert(
		fc.property(steps(6), steps(3), fc.infiniteStream(fc.nat()), (life, missed, chance) => {
			const first = fakeTables(ROOM);
			const { pipeline } = start(first);
			for (const { changes } of life) pipeline.pass({ changes, synced: true });
			const tables = first.copy();
			const old = reference(objectsAfter(life.flatMap(({ changes }) => changes)));
			const second = start(tables);
			const objects = objectsAfter([...life, ...missed].flatMap(({ changes }) => changes));
			const next = reference(objects);
			tables.after = () => assertContains(servedBy(tables), { old, next });
			for (const object of shuffle(objects, chance)) {
				second.pipeline.pass({ changes: come(object), synced: false });
				second.time.nowMs += GRACE_MS / 2;
			}
			t.deepEqual(tables.faults, []);
			tables.after = () => {};
			second.pipeline.pass({ changes: [], synced: true });
			t.deepEqual(plain(servedBy(tables)), plain(next.served));
			second.time.nowMs += GRACE_MS;
			second.pipeline.pass({ changes: [], synced: true });
			assertServes(t, { tables, expected: next });
		}),
		settings,
	);
});

/** Another traffic policy is no reason to wait: the Service itself says so. */
function assertContains(now: Served, { old, next }: { old: Reference; next: Reference }): void {
	for (const [text, entry] of old.served) {
		const found = now.get(text);
		if (found?.owner !== entry.owner)
			throw new Error(`${text} belongs to ${found?.owner}, not ${entry.owner}`);
		if (next.policies.has(text) && next.policies.get(text) !== old.policies.get(text)) continue;
		for (const side of ["internal", "external"] as const) {
			const lost = entry[side].filter((backend) => !found[side].includes(backend));
			if (lost.length > 0) throw new Error(`${text} lost ${lost} for ${side} clients`);
		}
	}
}

test("with maps too small, and writes that fail, whatever is served is whole, and it heals when there is room", (t) => {
	const limits = fc.record({
		frontends: fc.integer({ min: 2, max: 16 }),
		slots: fc.integer({ min: 4, max: 16 }),
		backends: fc.integer({ min: 4, max: 12 }),
		names: fc.integer({ min: 2, max: 6 }),
		ranges: fc.integer({ min: 1, max: 12 }),
	});
	fc.assert(
		fc.property(steps(10), limits, fc.array(fc.nat(200), { maxLength: 10 }), (life, small, failing) => {
			const tables = fakeTables(small);
			const { pipeline, time } = start(tables);
			const fails = new Set(failing);
			let attempts = 0;
			tables.before = () => {
				attempts += 1;
				if (fails.has(attempts)) throw new Error("the kernel says no");
			};
			tables.after = () => void servedBy(tables);
			for (const step of life) {
				pipeline.pass({ changes: step.changes, synced: true });
				time.nowMs += step.waitMs;
			}
			t.deepEqual(tables.faults, []);
			fails.clear();
			const [kept, ...others] = objectsAfter(life.flatMap(({ changes }) => changes));
			pipeline.pass({ changes: others.map((object) => ({ ...object, object: undefined })), synced: true });
			for (let i = 0; i < 3; i += 1) {
				time.nowMs += GRACE_MS;
				pipeline.pass({ changes: [], synced: true });
			}
			assertPartOf(t, { tables, expected: reference(kept ? [kept] : []), limits: small });
		}),
		settings,
	);
});

/** One Service may be too much for the smallest limits: then rows of it are served, in whole. */
function assertPartOf(
	t: Asserts,
	of: {
		tables: FakeTables;
		expected: Reference;
		limits: { frontends: number; names: number; ranges: number };
	},
): void {
	const { tables, expected, limits } = of;
	const { served, guards, rows, ranges } = expected;
	// Source ranges that change need room for the old ones and the new ones; service number 0 is nobody's.
	const fits =
		served.size + guards.length <= limits.frontends && rows < limits.names && 2 * ranges <= limits.ranges;
	if (fits) {
		assertServes(t, { tables, expected });
		return;
	}
	// A row that does not fit goes on as it was: at its old frontends, but under its own name.
	const owners = new Set(Array.from(served.values(), ({ owner }) => owner));
	const strangers = [...servedBy(tables)].filter(([, { owner }]) => !owners.has(owner));
	t.deepEqual(strangers, []);
}

interface Garbage {
	slots: [number, number][];
	frontends: { at: number; first: number; count: number; external: number; service: number }[];
	states: [number, BackendState][];
}

const garbage: fc.Arbitrary<Garbage> = fc.record({
	slots: fc.array(fc.tuple(fc.nat(30), fc.nat(300)), { maxLength: 5 }),
	frontends: fc.array(
		fc.record({
			at: fc.nat(20),
			first: fc.nat(2100),
			count: fc.nat(40),
			external: fc.nat(30),
			service: fc.nat(20),
		}),
		{ maxLength: 4 },
	),
	states: fc.array(fc.tuple(fc.nat(20), fc.constantFrom(...Object.values(BackendState))), { maxLength: 4 }),
});

/** What nobody should have written there. */
function spoil(tables: FakeTables, { slots, frontends, states }: Garbage): void {
	tables.slots.setAll(slots);
	const entries = [...tables.frontends.entries()];
	for (const { at, first, count, external, service } of frontends) {
		const [key, value] = entries[at % Math.max(1, entries.length)] ?? [];
		if (key === undefined || value === undefined) continue;
		const spoilt = { ...value, internal: { first, count }, external: { first: external, count }, service };
		tables.frontends.setAll([[key, spoilt]]);
	}
	for (const [number, state] of states) {
		const cell = tables.backends.get(number);
		if (cell) tables.backends.setAll([[number, { ...cell, state }]]);
	}
}

test("whatever stands in the maps, the next start serves what it should and clears the rest away", (t) => {
	fc.assert(
		fc.property(steps(6), garbage, (life, rubbish) => {
			const tables = fakeTables(ROOM);
			const first = start(tables);
			for (const { changes } of life) first.pipeline.pass({ changes, synced: true });
			spoil(tables, rubbish);
			const expected = reference(objectsAfter(life.flatMap(({ changes }) => changes)));
			const { pipeline, time } = start(tables);
			pipeline.pass({ changes: come(...objectsAfter(life.flatMap(({ changes }) => changes))), synced: true });
			for (let i = 0; i < 2; i += 1) {
				time.nowMs += GRACE_MS;
				pipeline.pass({ changes: [], synced: true });
			}
			assertServes(t, { tables, expected });
			assertNothingLeft(t, { tables, expected });
		}),
		settings,
	);
});
