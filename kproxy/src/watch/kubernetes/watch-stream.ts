import type { ApiClient } from "./api-client.ts";
import { createLineSplitter } from "./line-splitter.ts";
import { notAnApiServer, readBody } from "./list-pages.ts";
import type { Selector } from "./resources.ts";

/** One line of a watch. */
export interface WatchEvent {
	/** ADDED, MODIFIED, DELETED, BOOKMARK or ERROR; others may come one day. */
	type: string;
	object: unknown;
}

/** How to watch. */
export interface WatchOptions {
	path: string;
	selector: Selector;
	/** Where to go on; undefined asks for everything that exists first, up to a marked bookmark (streaming list). */
	resourceVersion: string | undefined;
	/** When the server shall end the watch, in seconds. */
	timeoutS: number;
	/** Silence after which the connection counts as dead, in ms. */
	idleMs: number;
	signal: AbortSignal;
	/** Takes an event at once, so that none is ever half applied. Returns how long silence may last from here, in ms. */
	onEvent: (event: WatchEvent) => number;
	onTooLong: () => void;
}

/** How a watch ended without an error: by the server, or because nothing came for `idleMs`. */
export type WatchEnd = "closed" | "idle";

/** An event beyond this is not an object of ours: etcd takes 1.5 MB by default. */
const LINE_LIMIT_BYTES = 32 * 1024 * 1024;

/** Watches until the server ends it, nothing comes for long, or the signal aborts. */
export async function watchStream(client: ApiClient, options: WatchOptions): Promise<WatchEnd> {
	const guard = createIdleGuard();
	const signal = AbortSignal.any([options.signal, guard.signal]);
	const splitter = createLineSplitter({
		onLine(line) {
			guard.allow(options.onEvent(parseEvent(line, client.server, options.path)));
		},
		onTooLong: options.onTooLong,
		maxBytes: LINE_LIMIT_BYTES,
	});
	try {
		const body = await client.get(options.path, { query: watchQuery(options), signal });
		guard.allow(options.idleMs);
		await readBody(body, splitter.push, client.server);
		return "closed";
	} catch (error) {
		if (guard.signal.aborted && !options.signal.aborted) return "idle";
		throw error;
	} finally {
		guard.stop();
	}
}

function watchQuery({ selector, resourceVersion, timeoutS }: WatchOptions): Record<string, string> {
	return {
		watch: "1",
		allowWatchBookmarks: "true",
		...selector,
		timeoutSeconds: String(timeoutS),
		...(resourceVersion === undefined
			? { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" }
			: { resourceVersion }),
	};
}

function parseEvent(line: string, server: string, path: string): WatchEvent {
	let event: unknown;
	try {
		event = JSON.parse(line);
	} catch (cause) {
		throw notAnApiServer({ server, path, why: "a line of the watch is not JSON", cause });
	}
	if (typeof event !== "object" || event === null || !("type" in event) || typeof event.type !== "string") {
		throw notAnApiServer({ server, path, why: "a line of the watch has no type" });
	}
	return { type: event.type, object: "object" in event ? event.object : undefined };
}

/** Aborts its signal when nothing is allowed for as long as was allowed last. 0 changes nothing. */
function createIdleGuard(): { signal: AbortSignal; allow(ms: number): void; stop(): void } {
	const controller = new AbortController();
	let currentMs = 0;
	let timer: NodeJS.Timeout | undefined;
	return {
		signal: controller.signal,
		allow(ms) {
			if (ms === 0) return;
			if (ms === currentMs) {
				timer?.refresh();
				return;
			}
			clearTimeout(timer);
			currentMs = ms;
			timer = setTimeout(() => controller.abort(), ms);
		},
		stop: () => clearTimeout(timer),
	};
}
