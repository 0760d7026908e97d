import { setImmediate } from "node:timers/promises";
import { type ApiObject, objectKey } from "../model/objects.ts";
import { createProblemBoard } from "./problem-board.ts";
import type { Batch, Change, NoticeLevel, Sink, Source, SourceRequest, SourceStatus } from "./source.ts";

/** The changes of several sources as batches: while one is applied, the next gathers. */
export interface ChangeQueue extends AsyncIterable<Batch> {
	/** How the sources are; objects that two of them name are problems of the later one. */
	statuses(): readonly SourceStatus[];
}

/** What a queue needs besides its sources. */
export interface ChangeQueueOptions {
	/** Ends the sources, and then the queue. */
	signal: AbortSignal;
	/** Where the sources' log lines go; nowhere by default. */
	onNotice?: (level: NoticeLevel, line: string) => void;
	/** Told of every request that the sources send; nobody by default. */
	onRequest?: (request: SourceRequest) => void;
}

/**
 * Runs the sources and gathers what they say, each object once in its newest state. Where two sources name one object,
 * the first in the list wins. Iterate it once: it ends when the signal aborts, and throws what a source rejects with.
 */
export function createChangeQueue(sources: readonly Source[], options: ChangeQueueOptions): ChangeQueue {
	const { onNotice: notice = () => {}, onRequest: requested = () => {} } = options;
	const state = createQueueState();
	const merge = createMerge(sources, { offer: state.offer, onNotice: notice });
	const waiting = new Set(sources.flatMap((source, index) => source.kinds.map((kind) => `${index} ${kind}`)));
	const sinks = sources.map(
		(_source, index): Sink => ({
			set: (object) => merge.set(index, object),
			delete: (kind, namespace, name) => merge.delete(index, { kind, namespace, name }),
			synced(kind) {
				if (waiting.delete(`${index} ${kind}`) && waiting.size === 0) state.sync();
			},
			notice,
			requested,
		}),
	);
	// A source without kinds, or no source at all, has nothing to wait for.
	if (waiting.size === 0) state.sync();
	void runSources(sources, sinks, options.signal).then(state.end, state.fail);
	return {
		statuses: () => sources.map((source, index) => withTaken(source.status(), merge.taken(index))),
		[Symbol.asyncIterator]: () => ({ next: state.next }),
	};
}

/** All sources until the signal aborts; when one gives up, the others are stopped. */
async function runSources(
	sources: readonly Source[],
	sinks: readonly Sink[],
	signal: AbortSignal,
): Promise<void> {
	const stop = new AbortController();
	const all = AbortSignal.any([signal, stop.signal]);
	try {
		await Promise.all(sources.map((source, index) => source.run(sinks[index] as Sink, all)));
	} finally {
		stop.abort();
	}
}

function withTaken(status: SourceStatus, taken: readonly string[]): SourceStatus {
	return taken.length === 0 ? status : { ...status, problems: [...status.problems, ...taken] };
}

interface QueueState {
	offer(key: string, change: Change): void;
	sync(): void;
	end(): void;
	fail(error: unknown): void;
	next(): Promise<IteratorResult<Batch>>;
}

function createQueueState(): QueueState {
	let pending = new Map<string, Change>();
	let synced = false;
	let syncTold = false;
	let end: { error?: unknown } | undefined;
	let wake: (() => void) | undefined;
	const rouse = (): void => {
		wake?.();
		wake = undefined;
	};
	const ready = (): boolean => pending.size > 0 || (synced && !syncTold) || end !== undefined;
	return {
		offer(key, change) {
			pending.set(key, change);
			rouse();
		},
		sync() {
			synced = true;
			rouse();
		},
		end() {
			end ??= {};
			rouse();
		},
		fail(error) {
			end ??= { error };
			rouse();
		},
		async next() {
			while (!ready()) {
				await new Promise<void>((resolve) => {
					wake = resolve;
				});
				// What a source says in one go, its "synced" included, belongs in one batch.
				await setImmediate();
			}
			if (end !== undefined) {
				if ("error" in end) throw end.error;
				return { done: true, value: undefined };
			}
			const batch: Batch = { changes: [...pending.values()], synced };
			pending = new Map();
			syncTold = synced;
			return { done: false, value: batch };
		},
	};
}

type Identity = Pick<Change, "kind" | "namespace" | "name">;

interface Merge {
	set(source: number, object: ApiObject): void;
	delete(source: number, identity: Identity): void;
	/** One line for each object of this source that another source's hides. */
	taken(source: number): readonly string[];
}

/** Decides whose object counts. With one source there is nothing to decide, and nothing is kept. */
function createMerge(
	sources: readonly Source[],
	{ offer, onNotice }: { offer: QueueState["offer"]; onNotice: (level: NoticeLevel, line: string) => void },
): Merge {
	const boards = sources.map(() => createProblemBoard(onNotice));
	/** By key, each source's object at the source's index. */
	const known = new Map<string, (ApiObject | undefined)[]>();
	const put = (source: number, identity: Identity, object: ApiObject | undefined): void => {
		const { kind, namespace, name } = identity;
		const key = objectKey(identity);
		if (sources.length === 1) {
			offer(key, { kind, namespace, name, object });
			return;
		}
		const objects = known.get(key) ?? [];
		const before = objects.find((other) => other !== undefined);
		objects[source] = object;
		const now = objects.find((other) => other !== undefined);
		if (now === undefined) known.delete(key);
		else known.set(key, objects);
		reportTaken(key, objects);
		if (now !== before || now === undefined) offer(key, { kind, namespace, name, object: now });
	};
	const reportTaken = (key: string, objects: readonly (ApiObject | undefined)[]): void => {
		const winner = objects.findIndex((object) => object !== undefined);
		for (const [index, board] of boards.entries()) {
			if (index === winner || objects[index] === undefined) {
				board.clear(key);
				continue;
			}
			const [first, later] = [sources[winner]?.name, sources[index]?.name];
			board.raise(
				key,
				`${key} comes from ${first} and from ${later}; the one from ${first} is used: remove one`,
			);
		}
	};
	return {
		set: (source, object) => put(source, object, object),
		delete: (source, identity) => put(source, identity, undefined),
		taken: (source) => boards[source]?.lines() ?? [],
	};
}
