import test from "ava";
import { type BpfMap, createMap, type MapHandle } from "bpf-loader";
import fc from "fast-check";
import { maps } from "../../src/dataplane/generated/sock_lb.ts";
import { openServiceMaps, type ServiceMapNames, type ServiceMaps } from "../../src/dataplane/service-maps.ts";
import { compareViews, describeTables } from "../../src/dataplane/service-view.ts";
import type { ServiceTables } from "../../src/dataplane/tables.ts";
import { createPipeline } from "../../src/pipeline.ts";
import { fakeTables } from "../dataplane/fake-tables.ts";
import { come, go, port, service, slice } from "../model/objects.ts";
import { objectsAfter, steps } from "../pipeline/random-cluster.ts";

type Name = keyof ServiceMapNames;

/** Maps of the kinds that the programs have, in no file system and with no program. */
class TestMaps implements Disposable {
	readonly tables: ServiceMaps;
	readonly #handles: BpfMap[] = [];

	constructor(limits: Partial<Record<Name, number>> = {}) {
		const make = (name: Name): MapHandle => {
			const { type, key, value, flags, maxEntries } = maps[name];
			const sizes = { keySize: key.size, valueSize: value.size, maxEntries: limits[name] ?? maxEntries };
			const handle = createMap({ name, type, flags, ...sizes });
			this.#handles.push(handle);
			return handle;
		};
		this.tables = openServiceMaps({
			svc_frontends: make("svc_frontends"),
			svc_slots: make("svc_slots"),
			svc_backends: make("svc_backends"),
			svc_names: make("svc_names"),
			svc_ranges: make("svc_ranges"),
			svc_affinity: make("svc_affinity"),
			conntrack_reply: make("conntrack_reply"),
			counters: make("counters"),
		});
	}

	[Symbol.dispose](): void {
		for (const handle of this.#handles) handle.close();
	}
}

const SMALL = { svc_frontends: 64, svc_slots: 256, svc_backends: 128, svc_names: 64, svc_ranges: 64 };

function start(tables: ServiceTables) {
	const time = { nowMs: 0 };
	const clock = { now: () => time.nowMs, sleep: () => Promise.resolve() };
	return { time, pipeline: createPipeline({ tables, clock, graceMs: 1000, onReport() {} }) };
}

test("the kernel's maps come to the same as tables in memory, whatever happens", (t) => {
	fc.assert(
		fc.property(steps(10), (life) => {
			using kernel = new TestMaps(SMALL);
			const memory = fakeTables();
			const inKernel = start(kernel.tables);
			const inMemory = start(memory);
			for (const { changes, waitMs } of life) {
				t.is(inKernel.pipeline.pass({ changes, synced: true }).pending, 0);
				inMemory.pipeline.pass({ changes, synced: true });
				t.deepEqual(describeTables(kernel.tables), describeTables(memory));
				inKernel.time.nowMs += waitMs;
				inMemory.time.nowMs += waitMs;
			}
		}),
		{ seed: 20266, numRuns: 50 },
	);
});

test("a restart on the kernel's maps finds them as they should be", (t) => {
	fc.assert(
		fc.property(steps(6), (life) => {
			using kernel = new TestMaps(SMALL);
			const first = start(kernel.tables);
			for (const { changes } of life) first.pipeline.pass({ changes, synced: true });
			const before = describeTables(kernel.tables);
			const second = start(withoutWrites(kernel.tables));
			const changes = come(...objectsAfter(life.flatMap((step) => step.changes)));
			const report = second.pipeline.pass({ changes, synced: true });
			t.like(report, { pending: 0, frontendsWritten: 0, frontendsDeleted: 0, repairs: [] });
			t.deepEqual(describeTables(kernel.tables), before);
		}),
		{ seed: 20267, numRuns: 50 },
	);
});

/** Tables that fail every write. */
function withoutWrites({ frontends, slots, backends, names, ranges }: ServiceTables): ServiceTables {
	const refuse = () => {
		throw new Error("nothing should be written");
	};
	const writes = { setAll: refuse, deleteAll: refuse };
	return {
		frontends: { ...frontends, ...writes },
		slots: { ...slots, ...writes },
		backends: { ...backends, ...writes },
		names: { ...names, ...writes },
		ranges: { ...ranges, ...writes },
	};
}

test("a name too long for its map is a problem of its Service and the others serve", (t) => {
	using kernel = new TestMaps(SMALL);
	const { pipeline, time } = start(kernel.tables);
	const long = service("l".repeat(70), { clusterIPs: ["10.96.0.9"] });
	const { problems } = pipeline.pass({
		changes: come(long, service("web"), slice("web-1", { of: "web", endpoints: ["10.0.0.1"] })),
		synced: true,
	});
	t.deepEqual(
		describeTables(kernel.tables).map(({ name }) => name),
		["web"],
	);
	t.true(
		problems.some(({ object }) => object === `Service shop/${long.name}`),
		JSON.stringify(problems),
	);
	pipeline.pass({ changes: go(long), synced: true });
	time.nowMs += 1000;
	t.like(pipeline.pass({ changes: [], synced: true }), { pending: 0, problems: [] });
	t.deepEqual(compareViews(pipeline.wanted(), describeTables(kernel.tables)), []);
});

test("10,000 Services with 100,000 endpoints are in the kernel within seconds, and one more change within milliseconds", (t) => {
	using kernel = new TestMaps();
	const { pipeline } = start(kernel.tables);
	const address = (base: number, i: number) => `10.${base + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;
	const endpointsOf = (i: number) => Array.from({ length: 10 }, (_, j) => address(128, 10 * i + j));
	const objects = Array.from({ length: 10_000 }, (_, i) => [
		service(`s${i}`, { clusterIPs: [address(96, i)], ports: [port()] }),
		slice(`s${i}-x`, { of: `s${i}`, endpoints: endpointsOf(i) }),
	]).flat();
	const startCpu = process.cpuUsage();
	const startMs = performance.now();
	const report = pipeline.pass({ changes: come(...objects), synced: true });
	const tookMs = performance.now() - startMs;
	const { user, system } = process.cpuUsage(startCpu);
	t.like(report, { frontendsWritten: 10_000, pending: 0, problems: [] });
	t.is(report.backendsAdded.length, 100_000);

	const changes = Array.from({ length: 200 }, (_, k) => {
		const i = (k * 7919) % 10_000;
		const changed = slice(`s${i}-x`, { of: `s${i}`, endpoints: endpointsOf(i).slice(k % 9) });
		const beginMs = performance.now();
		pipeline.pass({ changes: come(changed), synced: true });
		return performance.now() - beginMs;
	}).sort((a, b) => a - b);
	const median = changes[100] ?? 0;
	t.log(
		`all: ${tookMs.toFixed()} ms, ${((user + system) / 1000).toFixed()} ms CPU; one: ${median.toFixed(3)} ms`,
	);
	// Far from what it takes, and still below what a walk over all Services would.
	t.true(tookMs < 15_000);
	t.true(median < 5);
});
