import test from "ava";
import fc from "fast-check";
import { type Backend, BackendState, type Frontend } from "../../src/dataplane/generated/sock_lb.ts";
import { compareViews, describeTables } from "../../src/dataplane/service-view.ts";
import { createPipeline, type Pipeline } from "../../src/pipeline.ts";
import type { Change } from "../../src/watch/source.ts";
import { type FakeTables, fakeTables } from "../dataplane/fake-tables.ts";
import { come } from "../model/objects.ts";
import { objectsAfter, type Step, steps } from "./random-cluster.ts";
import { dialled, reference, type Served, servedBy } from "./reference.ts";

const GRACE_MS = 1000;
const settings = { seed: 20261, numRuns: 300 };

/** A pipeline on tables, with a clock that stands until it is turned. */
function start(tables: FakeTables): { pipeline: Pipeline; time: { nowMs: number } } {
	const time = { nowMs: 0 };
	const clock = { now: () => time.nowMs, sleep: () => Promise.resolve() };
	return { pipeline: createPipeline({ tables, onReport() {}, clock, graceMs: GRACE_MS }), time };
}

/** In one order, for comparison. */
function plain(served: Served): unknown[] {
	return [...served].sort(([a], [b]) => (a < b ? -1 : 1));
}

test("after any changes the tables serve what a computation from scratch says", (t) => {
	fc.assert(
		fc.property(steps(12), (life) => {
			const tables = fakeTables();
			const { pipeline, time } = start(tables);
			const changes: Change[] = [];
			for (const step of life) {
				changes.push(...step.changes);
				pipeline.pass({ changes: step.changes, synced: true });
				t.deepEqual(plain(servedBy(tables)), plain(reference(objectsAfter(changes))));
				t.deepEqual(compareViews(pipeline.wanted(), describeTables(tables)), []);
				t.deepEqual(pipeline.held(), describeTables(tables));
				time.nowMs += step.waitMs;
			}
		}),
		settings,
	);
});

test("between any two writes a reader finds the old backend set or the new one, whole", (t) => {
	fc.assert(
		fc.property(steps(12), (life) => {
			const tables = fakeTables();
			const { pipeline, time } = start(tables);
			const changes: Change[] = [];
			for (const step of life) {
				changes.push(...step.changes);
				const old = servedBy(tables);
				const next = reference(objectsAfter(changes));
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
			const tables = fakeTables();
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

function addresses(tables: FakeTables, { text, value }: Pick<Reader, "text" | "value">): string {
	return withoutStates(dialled(tables, { text, range: value.internal })).join(" ");
}

function withoutStates(backends: readonly string[]): string[] {
	return backends.map((text) => text.replace("~", "")).sort();
}

function assertOldOrNew(tables: FakeTables, { old, next }: { old: Served; next: Served }): void {
	for (const [text, { owner, backends }] of servedBy(tables)) {
		const seen = JSON.stringify([owner, withoutStates(backends)]);
		const allowed = [old.get(text), next.get(text)].map(
			(entry) => entry && JSON.stringify([entry.owner, withoutStates(entry.backends)]),
		);
		if (!allowed.includes(seen)) throw new Error(`${text} shows ${seen}, neither ${allowed.join(" nor ")}`);
	}
}

test("an endpoint keeps its number as long as anything leads to it", (t) => {
	fc.assert(
		fc.property(steps(12), (life) => {
			const tables = fakeTables();
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
	for (const { internal } of tables.content().frontends.values()) {
		for (let slot = internal.first; slot < internal.first + internal.count; slot += 1) {
			const number = tables.slots.get(slot) ?? 0;
			const cell = tables.backends.get(number);
			numbers.set(`${cell?.address} ${cell?.port} ${cell?.protocol}`, number);
		}
	}
	return numbers;
}

test("when everything has gone and the grace period is over the tables are empty and all numbers are free", (t) => {
	fc.assert(
		fc.property(steps(8), (life) => {
			const tables = fakeTables();
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
			t.deepEqual(sizes(tables), { frontends: 0, slots: 0, backends: 0, names: 0 });
			t.deepEqual(
				use.map(({ used }) => used),
				[0, 0, 0, 0, 0],
			);
		}),
		settings,
	);
});

function sizes(tables: FakeTables): Record<string, number> {
	const { frontends, slots, backends, names } = tables.content();
	return { frontends: frontends.size, slots: slots.size, backends: backends.size, names: names.size };
}

test("a restart with the same objects, in any order, writes nothing", (t) => {
	fc.assert(
		fc.property(steps(8), fc.boolean(), fc.infiniteStream(fc.nat()), (life, inParts, chance) => {
			const tables = fakeTables();
			const { pipeline, time } = start(tables);
			for (const step of life) {
				pipeline.pass({ changes: step.changes, synced: true });
				time.nowMs += step.waitMs;
			}
			time.nowMs += GRACE_MS;
			pipeline.pass({ changes: [], synced: true });
			const objects = shuffle(objectsAfter(life.flatMap(({ changes }) => changes)), chance);
			const copy = tables.copy();
			const second = start(copy);
			if (inParts)
				for (const object of objects) second.pipeline.pass({ changes: come(object), synced: false });
			second.pipeline.pass({ changes: inParts ? [] : come(...objects), synced: true });
			second.time.nowMs += GRACE_MS;
			second.pipeline.pass({ changes: [], synced: true });
			t.is(copy.writes, 0);
			t.deepEqual(plain(servedBy(copy)), plain(servedBy(tables)));
		}),
		settings,
	);
});

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
			const dead = fakeTables();
			liveUntilKilled(dead, { life, cut });
			const tables = dead.copy();
			const objects = objectsAfter(life.flatMap(({ changes }) => changes));
			const expected = reference(objects);
			const old = servedBy(tables);
			tables.after = () => assertOldOrNew(tables, { old, next: expected });
			const { pipeline, time } = start(tables);
			const { repairs } = pipeline.pass({ changes: come(...objects), synced: true });
			t.deepEqual(tables.faults, []);
			t.deepEqual(repairs, [], "what a kill leaves is not taken for corruption");
			t.deepEqual(plain(servedBy(tables)), plain(expected));
			time.nowMs += GRACE_MS;
			pipeline.pass({ changes: [], synced: true });
			t.deepEqual(plain(servedBy(tables)), plain(expected));
			assertNothingLeft(t, tables);
		}),
		{ ...settings, numRuns: 1000 },
	);
});

function numbersOf(backends: ReadonlyMap<number, Backend>, wanted: BackendState): number[] {
	return [...backends].flatMap(([number, { state }]) => (state === wanted ? [number] : []));
}

/** Every cell is in use by a frontend. */
function assertNothingLeft(t: { deepEqual(a: unknown, b: unknown): void }, tables: FakeTables): void {
	const { frontends, slots, backends, names } = tables.content();
	const used = { slots: new Set<number>(), names: new Set<number>() };
	for (const { internal, service } of frontends.values()) {
		for (let i = 0; i < internal.count; i += 1) used.slots.add(internal.first + i);
		used.names.add(service);
	}
	const ascending = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);
	t.deepEqual(ascending(slots.keys()), ascending(used.slots));
	t.deepEqual(ascending(names.keys()), ascending(used.names));
	// Endpoints that drain have no slot.
	const held = [...slots.values(), ...numbersOf(backends, BackendState.TERMINATING)];
	t.deepEqual(ascending(backends.keys()), ascending(new Set(held)));
}

test("before everything has synced a restart only adds", (t) => {
	fc.assert(
		fc.property(steps(6), steps(3), fc.infiniteStream(fc.nat()), (life, missed, chance) => {
			const first = fakeTables();
			const { pipeline } = start(first);
			for (const { changes } of life) pipeline.pass({ changes, synced: true });
			const tables = first.copy();
			const old = servedBy(tables);
			const second = start(tables);
			tables.after = () => assertContains(servedBy(tables), old);
			const objects = objectsAfter([...life, ...missed].flatMap(({ changes }) => changes));
			for (const object of shuffle(objects, chance)) {
				second.pipeline.pass({ changes: come(object), synced: false });
				second.time.nowMs += GRACE_MS / 2;
			}
			t.deepEqual(tables.faults, []);
			tables.after = () => {};
			second.pipeline.pass({ changes: [], synced: true });
			t.deepEqual(plain(servedBy(tables)), plain(reference(objects)));
		}),
		settings,
	);
});

function assertContains(now: Served, old: Served): void {
	for (const [text, entry] of old) {
		const found = now.get(text);
		if (found?.owner !== entry.owner)
			throw new Error(`${text} belongs to ${found?.owner}, not ${entry.owner}`);
		const backends = new Set(withoutStates(found.backends));
		for (const backend of withoutStates(entry.backends)) {
			if (!backends.has(backend)) throw new Error(`${text} lost ${backend}`);
		}
	}
}

test("with maps too small, and writes that fail, whatever is served is whole, and it heals when there is room", (t) => {
	const limits = fc.record({
		frontends: fc.integer({ min: 2, max: 8 }),
		slots: fc.integer({ min: 4, max: 16 }),
		backends: fc.integer({ min: 4, max: 12 }),
		names: fc.integer({ min: 2, max: 6 }),
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
			const served = servedBy(tables);
			t.deepEqual(
				plain(served),
				plain(withinLimits(reference(kept ? [kept] : []), { limits: small, actual: served })),
			);
		}),
		settings,
	);
});

/** One Service may be too much for the smallest limits: then any part of it is served. */
function withinLimits(
	expected: Served,
	{ limits, actual }: { limits: { frontends: number; names: number }; actual: Served },
): Served {
	const addresses = new Set([...expected.keys()].map((text) => text.slice(0, text.lastIndexOf(":"))));
	if (expected.size + addresses.size <= limits.frontends && expected.size < limits.names) return expected;
	return new Map([...expected].filter(([text]) => actual.has(text)));
}
