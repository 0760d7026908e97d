import { randomUUID } from "node:crypto";
import { COLLECTIONS, type Collection, collectionOf } from "./collections.ts";

/** An object of unknown content. */
export type RawObject = Readonly<Record<string, unknown>>;

/** One state of one object. */
export interface Stored {
	/** As in etcd: `/namespace/name`. */
	key: string;
	namespace: string;
	name: string;
	uid: string;
	labels: Readonly<Record<string, string>>;
	/** As an item of a list: without kind and apiVersion. */
	json: string;
}

/** One change. */
export interface StoredEvent {
	revision: number;
	type: "ADDED" | "MODIFIED" | "DELETED";
	/** As it is now; with DELETED as it was, at the revision of the deletion. */
	object: Stored;
	previous: Stored | undefined;
}

/** Objects with etcd's history: one revision counter for all collections, snapshots of the past until compaction. */
export interface Store {
	readonly revision: number;
	/** Revisions below this are forgotten. */
	readonly compacted: number;
	/** Creates or replaces an object at a new revision. Needs `kind` and `metadata.name`. */
	set(raw: RawObject): Stored;
	/** Puts an object as it was recorded, with its own resourceVersion and no event. */
	load(kind: string, raw: RawObject): void;
	delete(kind: string, namespace: string, name: string): Stored | undefined;
	get(kind: string, namespace: string, name: string): Stored | undefined;
	/** The objects of a collection at a revision, by key. */
	snapshot(collection: Collection, revision: number): readonly Stored[];
	/** Events after a revision. */
	since(collection: Collection, revision: number): readonly StoredEvent[];
	/** Forgets all history. */
	compact(): void;
	/** Sets the counter, as if that had happened elsewhere in the cluster. */
	advance(revision: number): void;
	/** Calls back for each event from now on; returns how to stop. */
	subscribe(collection: Collection, listener: (event: StoredEvent) => void): () => void;
}

interface Shelf {
	objects: Map<string, Stored>;
	sorted: readonly Stored[] | undefined;
	history: StoredEvent[];
	listeners: Set<(event: StoredEvent) => void>;
}

/** An empty store. */
export function createStore(): Store {
	const shelves = new Map<Collection, Shelf>();
	for (const collection of COLLECTIONS) {
		shelves.set(collection, { objects: new Map(), sorted: undefined, history: [], listeners: new Set() });
	}
	const shelfOf = (collection: Collection): Shelf => shelves.get(collection) as Shelf;
	let revision = 1000;
	let compacted = 0;

	function record(shelf: Shelf, event: StoredEvent): void {
		if (event.type === "DELETED") shelf.objects.delete(event.object.key);
		else shelf.objects.set(event.object.key, event.object);
		shelf.sorted = undefined;
		shelf.history.push(event);
		for (const listener of [...shelf.listeners]) listener(event);
	}

	return {
		get revision() {
			return revision;
		},
		get compacted() {
			return compacted;
		},
		set(raw) {
			const shelf = shelfOf(collectionOf(String(raw.kind)));
			revision += 1;
			const { namespace, name } = identity(raw);
			const previous = shelf.objects.get(keyOf(namespace, name));
			const object = stored(raw, { revision: String(revision), uid: previous?.uid ?? randomUUID() });
			record(shelf, { revision, type: previous ? "MODIFIED" : "ADDED", object, previous });
			return object;
		},
		load(kind, raw) {
			const shelf = shelfOf(collectionOf(kind));
			const metadata = raw.metadata as Record<string, string>;
			const object = { ...stored(raw, { revision: "", uid: metadata.uid ?? "" }), json: itemJson(raw) };
			shelf.objects.set(object.key, object);
			shelf.sorted = undefined;
			revision = Math.max(revision, Number(metadata.resourceVersion));
		},
		delete(kind, namespace, name) {
			const shelf = shelfOf(collectionOf(kind));
			const previous = shelf.objects.get(keyOf(namespace, name));
			if (previous === undefined) return undefined;
			revision += 1;
			const raw = JSON.parse(previous.json) as RawObject;
			const object = stored(raw, { revision: String(revision), uid: previous.uid });
			record(shelf, { revision, type: "DELETED", object, previous });
			return object;
		},
		get: (kind, namespace, name) => shelfOf(collectionOf(kind)).objects.get(keyOf(namespace, name)),
		snapshot(collection, at) {
			const shelf = shelfOf(collection);
			shelf.sorted ??= sortByKey(shelf.objects.values());
			const later = shelf.history.filter((event) => event.revision > at);
			return later.length === 0 ? shelf.sorted : rollBack(shelf.sorted, later);
		},
		since: (collection, after) => shelfOf(collection).history.filter((event) => event.revision > after),
		compact() {
			compacted = revision;
			for (const shelf of shelves.values()) shelf.history = [];
		},
		advance(to) {
			revision = Math.max(revision, to);
		},
		subscribe(collection, listener) {
			const { listeners } = shelfOf(collection);
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
	};
}

function rollBack(now: readonly Stored[], later: readonly StoredEvent[]): readonly Stored[] {
	const objects = new Map(now.map((object) => [object.key, object]));
	for (const { object, previous } of later.toReversed()) {
		if (previous === undefined) objects.delete(object.key);
		else objects.set(previous.key, previous);
	}
	return sortByKey(objects.values());
}

function sortByKey(objects: Iterable<Stored>): readonly Stored[] {
	return [...objects].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function keyOf(namespace: string, name: string): string {
	return namespace === "" ? `/${name}` : `/${namespace}/${name}`;
}

function identity(raw: RawObject): { namespace: string; name: string } {
	const metadata = (raw.metadata ?? {}) as Record<string, unknown>;
	return { namespace: String(metadata.namespace ?? ""), name: String(metadata.name ?? "") };
}

/** With the metadata that a server fills in, in the order in which it writes them. */
function stored(raw: RawObject, { revision, uid }: { revision: string; uid: string }): Stored {
	const { namespace, name } = identity(raw);
	const {
		name: _n,
		namespace: _s,
		uid: _u,
		resourceVersion: _r,
		...rest
	} = raw.metadata as Record<string, unknown>;
	const { generation, creationTimestamp = "2026-11-20T12:00:00Z", ...others } = rest;
	const metadata = {
		name,
		...(namespace === "" ? {} : { namespace }),
		uid,
		resourceVersion: revision,
		...(generation === undefined ? {} : { generation }),
		creationTimestamp,
		...others,
	};
	const labels = (rest.labels ?? {}) as Record<string, string>;
	return { key: keyOf(namespace, name), namespace, name, uid, labels, json: itemJson({ ...raw, metadata }) };
}

function itemJson({ kind: _kind, apiVersion: _apiVersion, ...item }: RawObject): string {
	return JSON.stringify(item);
}
