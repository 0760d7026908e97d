import test from "ava";
import type { ApiObject, Kind } from "../../src/model/objects.ts";
import { type ChangeQueue, createChangeQueue } from "../../src/watch/change-queue.ts";
import type { Batch, Sink, Source } from "../../src/watch/source.ts";
import { service as modelService } from "../model/objects.ts";

/** A source that a test speaks for. */
interface FakeSource extends Source {
	sink: Sink;
	fail(error: Error): void;
	/** Aborted. */
	readonly ended: boolean;
}

function fakeSource(name: string, kinds: readonly Kind[] = ["Service"]): FakeSource {
	let fail: (error: Error) => void = () => {};
	let ended = false;
	const source: FakeSource = {
		// Until it runs nobody may speak.
		sink: undefined as unknown as Sink,
		name,
		kinds,
		fail: (error: Error) => fail(error),
		get ended() {
			return ended;
		},
		run(sink: Sink, signal: AbortSignal): Promise<void> {
			source.sink = sink;
			return new Promise((done, reject) => {
				fail = reject;
				signal.addEventListener("abort", () => {
					ended = true;
					done();
				});
			});
		},
		status: () => ({ name, synced: false, lastContactMs: undefined, problems: ["own problem"] }),
	};
	return source;
}

function service(name: string, clusterIP = "10.96.0.1"): ApiObject {
	return modelService(name, { clusterIPs: [clusterIP], ports: [] });
}

/** A queue over fake sources, with `next` for its batches. */
function queueOf(...sources: FakeSource[]): {
	queue: ChangeQueue;
	notices: string[];
	stop: AbortController;
	next(): Promise<Batch | undefined>;
} {
	const stop = new AbortController();
	const notices: string[] = [];
	const onNotice = (level: string, line: string): void => void notices.push(`${level} ${line}`);
	const queue = createChangeQueue(sources, { signal: stop.signal, onNotice });
	const batches = queue[Symbol.asyncIterator]();
	return { queue, notices, stop, next: async () => (await batches.next()).value };
}

const names = (batch: Batch | undefined): readonly string[] | undefined =>
	batch?.changes.map(({ name, object }) => (object === undefined ? `-${name}` : name));

test("While a batch is applied the next one gathers, each object once in its newest state", async (t) => {
	const source = fakeSource("a");
	const { next } = queueOf(source);
	source.sink.set(service("web"));
	t.deepEqual(names(await next()), ["web"]);
	// The pipeline is busy now.
	source.sink.set(service("web", "10.96.0.2"));
	source.sink.set(service("api"));
	source.sink.delete("Service", "shop", "old");
	source.sink.set(service("web", "10.96.0.3"));
	source.sink.set(service("gone"));
	source.sink.delete("Service", "shop", "gone");
	const batch = await next();
	t.deepEqual(names(batch), ["web", "api", "-old", "-gone"]);
	t.like(batch?.changes[0], { kind: "Service", namespace: "shop", object: { clusterIPs: ["10.96.0.3"] } });
});

test("A batch is synced once every kind of every source is, even if nothing else is new", async (t) => {
	const [a, b] = [fakeSource("a", ["Service", "EndpointSlice"]), fakeSource("b")];
	const { next } = queueOf(a, b);
	a.sink.set(service("web"));
	a.sink.synced("Service");
	a.sink.synced("EndpointSlice");
	t.false((await next())?.synced);
	b.sink.synced("Service");
	t.deepEqual(await next(), { changes: [], synced: true });
	a.sink.synced("Service");
	a.sink.set(service("api"));
	t.deepEqual(names(await next()), ["api"], "that a kind synced again is no batch of its own");
});

test("A batch waits until there is something", async (t) => {
	const source = fakeSource("a");
	const { next } = queueOf(source);
	const batch = next();
	await new Promise((resolve) => setImmediate(resolve));
	source.sink.set(service("late"));
	t.deepEqual(names(await batch), ["late"]);
});

test("Where two sources name one object the first source wins, in whatever order they speak, and both are told", async (t) => {
	for (const order of ["ab", "ba"]) {
		const [a, b] = [fakeSource("manifests ./x"), fakeSource("kubernetes")];
		const { next, notices, queue } = queueOf(a, b);
		for (const who of order) {
			if (who === "a") a.sink.set(service("web", "10.96.0.1"));
			else b.sink.set(service("web", "10.96.0.2"));
		}
		t.like((await next())?.changes, [{ object: { clusterIPs: ["10.96.0.1"] } }]);
		const line =
			"Service shop/web comes from manifests ./x and from kubernetes; the one from manifests ./x is used: remove one";
		t.deepEqual(notices, [`warn ${line}`]);
		t.deepEqual(
			queue.statuses().map(({ problems }) => problems),
			[["own problem"], ["own problem", line]],
		);
		// News of the hidden one is no news.
		b.sink.set(service("web", "10.96.0.9"));
		a.sink.delete("Service", "shop", "web");
		t.like((await next())?.changes, [{ object: { clusterIPs: ["10.96.0.9"] } }], "the other one takes over");
		t.deepEqual(queue.statuses()[1]?.problems, ["own problem"]);
		b.sink.delete("Service", "shop", "web");
		t.deepEqual(names(await next()), ["-web"]);
	}
});

test("What a source rejects with ends the iteration and stops the other sources", async (t) => {
	const [a, b] = [fakeSource("a"), fakeSource("b")];
	const { next } = queueOf(a, b);
	const batch = next();
	a.fail(new Error("no such kubeconfig"));
	await t.throwsAsync(batch, { message: "no such kubeconfig" });
	t.true(b.ended);
});

test("The iteration ends when the signal aborts", async (t) => {
	const source = fakeSource("a");
	const { next, stop } = queueOf(source);
	const batch = next();
	stop.abort();
	t.is(await batch, undefined);
	t.true(source.ended);
});
