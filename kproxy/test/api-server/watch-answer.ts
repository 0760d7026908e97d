import type { ServerResponse } from "node:http";
import type { Collection } from "./collections.ts";
import { parseSelectors } from "./selectors.ts";
import { tooOld } from "./status-bodies.ts";
import type { Store, Stored, StoredEvent } from "./store.ts";

/** A watch that is open. */
export interface OpenWatch {
	readonly collection: Collection;
	/** Ends it as the server's own timeout does. */
	close(): void;
	/** Cuts the connection at once. */
	cut(): void;
	/** Says nothing more, but keeps the connection. */
	mute(): void;
	/** Cuts the connection in the middle of the next event's line. */
	cutInNextEvent(): void;
	bookmark(): void;
	/** Writes bytes as they are. */
	write(text: string): void;
}

/** How a watch is served. */
export interface WatchSettings {
	/** Between bookmarks, in ms. */
	bookmarkMs: number;
	/** Sends each event twice. */
	duplicates: boolean;
	/** Sends in pieces of so many bytes, one in each turn of the event loop; 0 sends whole lines. */
	pieceBytes: number;
	/** Leaves out the bookmark that ends the initial events, as servers before 1.27 do, which know no such thing. */
	endlessInitialEvents: boolean;
}

/** Serves a watch on an answered request until it ends; `onEnd` is called once. */
export function serveWatch(
	store: Store,
	request: {
		collection: Collection;
		namespace: string;
		query: URLSearchParams;
		response: ServerResponse;
		settings: WatchSettings;
		onEnd: () => void;
	},
): OpenWatch {
	const { collection, query, response, settings } = request;
	const selected = parseSelectors(query);
	const mine = (object: Stored): boolean =>
		(request.namespace === "" || object.namespace === request.namespace) && selected(object);
	const writer = createWriter(response, settings.pieceBytes);
	const state = { muted: false, cutNext: false, ended: false, sentRevision: 0 };
	const end = (): void => {
		state.ended = true;
		writer.end();
	};

	const send = (type: string, object: string): void => {
		if (state.muted || state.ended) return;
		const line = `{"type":"${type}","object":${object}}\n`;
		if (state.cutNext) {
			state.ended = true;
			writer.cut(line.slice(0, line.length / 2));
			return;
		}
		writer.write(line);
		if (settings.duplicates && type !== "BOOKMARK") writer.write(line);
	};
	const sendEvent = (event: StoredEvent): void => {
		if (event.revision <= state.sentRevision) return;
		state.sentRevision = event.revision;
		const type = visibleType(event, mine);
		if (type !== undefined) send(type, withKind(collection, event.object.json));
	};
	const bookmark = (annotations?: Record<string, string>): void => {
		if (store.revision < state.sentRevision) return;
		const metadata = JSON.stringify({
			resourceVersion: String(store.revision),
			...(annotations && { annotations }),
		});
		send("BOOKMARK", withKind(collection, `{"metadata":${metadata},${collection.emptyFields}}`));
	};
	const unsubscribe = store.subscribe(collection, sendEvent);
	const timers = [
		setInterval(bookmark, settings.bookmarkMs, undefined),
		setTimeout(end, Number(query.get("timeoutSeconds") ?? 3600) * 1000),
	];
	response.on("close", () => {
		for (const timer of timers) clearTimeout(timer);
		unsubscribe();
		request.onEnd();
	});
	response.flushHeaders();
	start();
	return {
		collection,
		close: end,
		cut: () => void response.socket?.destroy(),
		mute: () => {
			state.muted = true;
		},
		cutInNextEvent: () => {
			state.cutNext = true;
		},
		bookmark: () => bookmark(),
		write: (text) => writer.write(text),
	};

	/** What comes before the live events: the state, the history, or the news that it is gone. */
	function start(): void {
		const asked = Number(query.get("resourceVersion") ?? 0);
		if (asked === 0) {
			for (const object of store.snapshot(collection, store.revision)) {
				if (mine(object)) send("ADDED", withKind(collection, object.json));
			}
			state.sentRevision = store.revision;
			if (query.get("sendInitialEvents") === "true" && !settings.endlessInitialEvents) {
				bookmark({ "k8s.io/initial-events-end": "true" });
			}
		} else if (asked < store.compacted) {
			send("ERROR", tooOld(asked, store.compacted));
			end();
		} else {
			// From the future nothing comes, not even bookmarks, until the cluster gets there.
			state.sentRevision = asked;
			for (const event of store.since(collection, asked)) sendEvent(event);
		}
	}
}

/** What a watch with a selector sees of a change: an object that stops to match is deleted for it. */
function visibleType(
	{ type, object, previous }: StoredEvent,
	mine: (object: Stored) => boolean,
): string | undefined {
	const before = previous !== undefined && mine(previous);
	if (type === "DELETED") return before ? "DELETED" : undefined;
	if (mine(object)) return before ? "MODIFIED" : "ADDED";
	return before ? "DELETED" : undefined;
}

/** An item as an object of its own. */
export function withKind({ kind, apiVersion }: Collection, itemJson: string): string {
	return `{"kind":"${kind}","apiVersion":"${apiVersion}",${itemJson.slice(1)}`;
}

interface Writer {
	write(text: string): void;
	/** Writes this and cuts the connection. */
	cut(text: string): void;
	end(): void;
}

/** Writes lines whole, or in pieces. */
function createWriter(response: ServerResponse, pieceBytes: number): Writer {
	if (pieceBytes === 0) {
		return {
			write: (text) => void response.write(text),
			cut: (text) => void response.write(text, () => response.socket?.destroy()),
			end: () => void response.end(),
		};
	}
	const pieces: (Buffer | "cut" | "end")[] = [];
	let running = false;
	const step = (): void => {
		const piece = pieces.shift();
		running = piece !== undefined;
		if (piece === undefined) return;
		if (piece === "end") response.end();
		else if (piece === "cut") response.socket?.destroy();
		else response.write(piece, () => setImmediate(step));
	};
	const queue = (text: string, last?: "cut" | "end"): void => {
		const bytes = Buffer.from(text);
		for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
		if (last !== undefined) pieces.push(last);
		if (!running) step();
	};
	return { write: (text) => queue(text), cut: (text) => queue(text, "cut"), end: () => queue("", "end") };
}
