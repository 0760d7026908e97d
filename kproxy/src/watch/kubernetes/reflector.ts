import { BpfError } from "bpf-loader";
import type { Kind } from "../../model/objects.ts";
import type { Clock } from "../clock.ts";
import type { ProblemBoard } from "../problem-board.ts";
import type { Sink } from "../source.ts";
import type { ApiClient } from "./api-client.ts";
import { ApiError, statusError } from "./api-error.ts";
import { type BackoffLimits, backoffMs } from "./backoff.ts";
import { listPages } from "./list-pages.ts";
import { createMirror, type Mirror } from "./mirror.ts";
import { raiseFailure, settleContact } from "./reflector-problems.ts";
import { RESOURCES, type Selector } from "./resources.ts";
import { type WatchEvent, watchStream } from "./watch-stream.ts";

/** Times of a reflector, in ms unless the name says otherwise. */
export interface ReflectorTimes {
	backoff: BackoffLimits;
	/** The server is asked to end each watch after this to twice this, in seconds, so that not all nodes return at once. */
	watchTimeoutS: number;
	/** Silence of a watch after which it is opened anew; bookmarks come about every minute. */
	idleMs: number;
	/** The same while a streaming list comes in. */
	initialIdleMs: number;
	/** A watch that ends sooner than this and brought nothing counts as a failure. */
	shortWatchMs: number;
	/** Wait before a server is asked again for an optional kind that it does not have. */
	absentMs: number;
}

/** What a reflector works with. */
export interface ReflectorOptions {
	kind: Kind;
	/** Which objects of the kind. */
	selector: Selector;
	client: ApiClient;
	sink: Sink;
	board: ProblemBoard;
	intern: (text: string) => string;
	clock: Clock;
	/** Numbers from 0 to 1. */
	random: () => number;
	times: ReflectorTimes;
	/** Ask for a streaming list; false lists in pages. A server that refuses is asked once. */
	streamingList: boolean;
	/** Whenever the server says something. */
	onContact: () => void;
	/** Each time the kind is complete. */
	onSynced: () => void;
}

interface State extends ReflectorOptions {
	mirror: Mirror;
	/** Where the next watch goes on; undefined: list first. */
	resourceVersion: string | undefined;
	streaming: boolean;
	/** The kind was complete once. */
	synced: boolean;
	/** Failed tries in a row, without anything useful in between. */
	failures: number;
	/** Of those, the ones that the server accepted: enough of them put the resourceVersion in doubt. */
	doubts: number;
	/** An object, or the end of a list, came since the last try began. */
	progress: boolean;
	/** The server does not have this kind, and that has been said. */
	absent: boolean;
}

const INITIAL_EVENTS_END = "k8s.io/initial-events-end";
/** A server restored from a backup accepts a resourceVersion of its future and then says nothing, or nonsense, for ever. */
const DOUBT_LIMIT = 2;

/** Keeps the sink like the server's collection, until aborted: list, watch, resume, list again where it must. */
export async function runReflector(options: ReflectorOptions, signal: AbortSignal): Promise<void> {
	const state: State = {
		...options,
		mirror: createMirror(options),
		resourceVersion: undefined,
		streaming: options.streamingList,
		synced: false,
		failures: 0,
		doubts: 0,
		progress: false,
		absent: false,
	};
	while (!signal.aborted) {
		state.progress = false;
		let waitMs = 0;
		try {
			if (state.resourceVersion === undefined && !state.streaming) await listInPages(state, signal);
			else waitMs = await watchOnce(state, signal);
		} catch (error) {
			if (signal.aborted) return;
			waitMs = recover(state, error);
		}
		if (waitMs > 0) await state.clock.sleep(waitMs, signal);
	}
}

async function listInPages(state: State, signal: AbortSignal): Promise<void> {
	const { mirror, selector } = state;
	const { path } = RESOURCES[state.kind];
	mirror.beginList();
	const onItem = (raw: unknown): void => {
		state.onContact();
		mirror.put(raw);
	};
	listed(state, await listPages(state.client, { path, selector, signal, onItem }));
}

/** Everything that exists has come. */
function listed(state: State, resourceVersion: string): void {
	state.mirror.endList();
	state.resourceVersion = resourceVersion;
	state.synced = true;
	state.progress = true;
	state.absent = false;
	advanced(state);
	complete(state);
}

function complete({ sink, kind, onSynced }: State): void {
	sink.synced(kind);
	onSynced();
}

/** The server said something useful: failures count anew from here. */
function advanced(state: State): void {
	state.failures = 0;
	state.doubts = 0;
	settleContact(state);
}

/** One watch from where the last one got to, or a streaming list that goes on as a watch. Returns the wait after it. */
async function watchOnce(state: State, signal: AbortSignal): Promise<number> {
	const { clock, times } = state;
	const startedMs = clock.now();
	const initial = state.resourceVersion === undefined;
	if (initial) state.mirror.beginList();
	const end = await watchStream(state.client, {
		path: RESOURCES[state.kind].path,
		selector: state.selector,
		resourceVersion: state.resourceVersion,
		timeoutS: Math.round(times.watchTimeoutS * (1 + state.random())),
		idleMs: initial ? times.initialIdleMs : times.idleMs,
		signal,
		onEvent: (event) => take(state, event),
		onTooLong: () => reportTooLong(state),
	});
	if (signal.aborted) return 0;
	if (state.resourceVersion === undefined) {
		// It took the request but never said where the list ends: an old server that does not know the parameters.
		state.streaming = false;
		return 0;
	}
	const early = end === "closed" && clock.now() - startedMs < times.shortWatchMs;
	if (state.progress || (end === "closed" && !early)) return 0;
	const why = early ? "the watch was closed at once" : "the watch stayed silent";
	return recover(state, watchError("API_SILENT", `${RESOURCES[state.kind].resource}: ${why}`));
}

/** Applies one event. Returns how long silence may last after it, in ms. */
function take(state: State, event: WatchEvent): number {
	const { mirror, times } = state;
	const { resourceVersion, initialEnd } = readMeta(event.object);
	state.onContact();
	if (event.type === "ERROR") {
		const error = statusError(event.object, {
			status: 500,
			request: `watch of ${RESOURCES[state.kind].resource}`,
		});
		if (!error.expired) state.doubts += 1;
		throw error;
	}
	if (event.type === "ADDED" || event.type === "MODIFIED") mirror.put(event.object);
	else if (event.type === "DELETED") mirror.remove(event.object);
	else if (event.type !== "BOOKMARK") return 0;
	const bookmark = event.type === "BOOKMARK";
	if (!bookmark) state.progress = true;
	if (state.resourceVersion !== undefined) {
		state.resourceVersion = resourceVersion ?? state.resourceVersion;
		advanced(state);
		return times.idleMs;
	}
	// In a streaming list the versions are those of the objects, in no order: nothing can be resumed from them. Bookmarks
	// alone do not make it live: a list that never ends must be given up.
	if (!bookmark) return times.initialIdleMs;
	if (!initialEnd || resourceVersion === undefined) return 0;
	listed(state, resourceVersion);
	return times.idleMs;
}

function readMeta(object: unknown): { resourceVersion: string | undefined; initialEnd: boolean } {
	const metadata = (object as { metadata?: Record<string, unknown> } | null | undefined)?.metadata;
	const annotations = metadata?.annotations as Record<string, unknown> | undefined;
	const version = metadata?.resourceVersion;
	return {
		resourceVersion: typeof version === "string" && version !== "" ? version : undefined,
		initialEnd: annotations?.[INITIAL_EVENTS_END] === "true",
	};
}

/** Decides what an error means for the next try. Returns how long to wait before it, in ms. */
function recover(state: State, error: unknown): number {
	const { backoff, absentMs } = state.times;
	const { dispensable, optional } = RESOURCES[state.kind];
	if (error instanceof ApiError && error.status === 404 && optional) {
		reportAbsent(state);
		return absentMs;
	}
	state.failures += 1;
	// Of what Services can do without nobody waits for a permission that may never come.
	if (error instanceof ApiError && error.status === 403 && dispensable && !state.synced) complete(state);
	if (error instanceof ApiError && error.expired) {
		// Too old a version is nobody's fault: list again at once, and with the usual waits if that does not help.
		state.resourceVersion = undefined;
		return state.failures === 1 ? 0 : backoffMs(state.failures - 1, backoff, state.random);
	}
	if (
		error instanceof ApiError &&
		state.resourceVersion === undefined &&
		state.streaming &&
		isRefusal(error)
	) {
		state.streaming = false;
		return 0;
	}
	doubt(state, error);
	// One cut connection is no news; what keeps failing is.
	if (state.failures > 1 || !state.synced || error instanceof ApiError) raiseFailure(state, error);
	const askedMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
	return Math.max(backoffMs(state.failures, backoff, state.random), askedMs);
}

/** After enough answers that make no sense from a resourceVersion, it is given up. */
function doubt(state: State, error: unknown): void {
	const refused = error instanceof ApiError && isRefusal(error);
	if (refused || hasCode(error, "API_MALFORMED") || hasCode(error, "API_SILENT")) state.doubts += 1;
	if (state.doubts < DOUBT_LIMIT) return;
	state.resourceVersion = undefined;
	state.doubts = 0;
}

/** The parameters are not to its liking; so says a server without streaming lists: 422 from 1.27 on, older ones 400. */
function isRefusal({ status }: ApiError): boolean {
	return status === 400 || status === 422;
}

function hasCode(error: unknown, code: string): boolean {
	return error instanceof BpfError && error.code === code;
}

function watchError(code: string, message: string): BpfError {
	return new BpfError(message, { code, operation: "watch", object: message });
}

/** An older server: nothing is wrong, and there is nothing to wait for. */
function reportAbsent(state: State): void {
	settleContact(state);
	if (state.absent) return;
	const { resource, sinceMinor } = RESOURCES[state.kind];
	const line = `${resource}: the API server does not have them (Kubernetes has from 1.${sinceMinor} on); going on without`;
	state.sink.notice("info", line);
	state.absent = true;
	complete(state);
}

function reportTooLong(state: State): void {
	const { resource } = RESOURCES[state.kind];
	const line = `${resource}: an event of the watch is longer than 32 MB and was left out; that object keeps its last state`;
	state.board.raise(`too long ${state.kind}`, line);
}
