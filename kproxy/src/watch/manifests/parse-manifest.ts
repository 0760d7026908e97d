import { type Document, LineCounter, parseAllDocuments } from "yaml";
import { type FieldPath, type FieldProblem, show } from "../../model/field-check.ts";
import { type ApiObject, KINDS, type Kind, objectKey } from "../../model/objects.ts";
import { describeProblems, parseObject } from "../../model/parse-object.ts";
import { FOREIGN_LABELS } from "../kubernetes/resources.ts";
import { splitDocuments } from "./split-documents.ts";

/** What one file holds. */
export interface Manifest {
	/** By key, as in `Service shop/web`. */
	entries: ReadonlyMap<string, ManifestEntry>;
	problems: readonly ManifestProblem[];
}

/** One object of a file. */
export interface ManifestEntry {
	object: ApiObject;
	/** Where it begins, from 1. */
	line: number;
}

/** What is wrong in a file. */
export interface ManifestProblem {
	line: number;
	/** Without file and line. */
	message: string;
}

/** What the parse of one file gathers. */
interface Reading {
	kinds: readonly Kind[];
	previous: Manifest | undefined;
	intern: (text: string) => string;
	entries: Map<string, ManifestEntry>;
	problems: ManifestProblem[];
	/** A document that cannot be read may have held any of the objects that the file had before. */
	keepAll: boolean;
}

/** A value in a document: where it is, and how to find the line of a part of it. */
interface Place {
	path: FieldPath;
	lineOf(path: FieldPath): number;
}

const API_VERSIONS: Readonly<Record<Kind, string>> = {
	Service: "v1",
	EndpointSlice: "discovery.k8s.io/v1",
	Node: "v1",
	ServiceCIDR: "networking.k8s.io/v1",
	Namespace: "v1",
	Pod: "v1",
	NetworkPolicy: "networking.k8s.io/v1",
};
/** More aliases than this are an attempt to fill the memory. */
const ALIAS_LIMIT = 100;

/**
 * Reads the objects of a file whose kinds are asked for; other kinds are left out quietly. What is broken is a problem, and
 * where the file's previous content had the object in a good state, that state stays.
 */
export function parseManifest(
	text: string,
	options: {
		json: boolean;
		previous: Manifest | undefined;
		intern: (text: string) => string;
		kinds: readonly Kind[];
	},
): Manifest {
	const reading: Reading = { ...options, entries: new Map(), problems: [], keepAll: false };
	for (const part of splitDocuments(text, options.json)) {
		const lines = new LineCounter();
		for (const document of parseAllDocuments(part.text, { lineCounter: lines, merge: true })) {
			const lineAt = (offset: number): number => part.line - 1 + Math.max(lines.linePos(offset).line, 1);
			readDocument(document as Document.Parsed, lineAt, reading);
		}
	}
	const { previous, entries, problems } = reading;
	if (reading.keepAll && previous !== undefined) {
		for (const [key, entry] of previous.entries) if (!entries.has(key)) entries.set(key, entry);
	}
	return { entries, problems };
}

function readDocument(document: Document.Parsed, lineAt: (offset: number) => number, reading: Reading): void {
	const [error] = document.errors;
	if (error !== undefined) {
		reading.keepAll = true;
		const message = `not valid YAML: ${(error.message.split(" at line ", 1)[0] ?? "").replace(/:$/, "")}`;
		reading.problems.push({
			line: lineAt(error.pos[0]),
			message: withKept(message, broken(document), reading),
		});
		return;
	}
	const lineOf = (path: FieldPath): number => lineAt(offsetOf(document, path));
	let value: unknown;
	try {
		value = document.toJS({ maxAliasCount: ALIAS_LIMIT });
	} catch (cause) {
		reading.keepAll = true;
		const why = cause instanceof Error ? (cause.message.split("\n", 1)[0] ?? "") : String(cause);
		reading.problems.push({ line: lineOf([]), message: `not valid YAML: ${why}` });
		return;
	}
	if (value !== null && value !== undefined) readValue(value, { path: [], lineOf }, reading);
}

/** An object, or a list of objects. */
function readValue(value: unknown, place: Place, reading: Reading, inherited: InheritedType = {}): void {
	if (typeof value !== "object" || value === null || Array.isArray(value)) {
		reading.keepAll = true;
		const message = `is ${show(value)}, not an object with apiVersion, kind and metadata`;
		reading.problems.push({ line: place.lineOf(place.path), message: `${describe(place)} ${message}` });
		return;
	}
	const fields = value as Readonly<Record<string, unknown>>;
	const kind = fields.kind ?? inherited.kind;
	if (typeof kind !== "string" || kind === "") {
		reading.keepAll = true;
		reading.problems.push({ line: place.lineOf(place.path), message: `${describe(place)} has no kind` });
		return;
	}
	if (kind.endsWith("List") && Array.isArray(fields.items)) {
		const itemType =
			kind === "List" ? {} : { kind: kind.slice(0, -"List".length), apiVersion: fields.apiVersion };
		for (const [index, item] of fields.items.entries()) {
			readValue(item, { ...place, path: [...place.path, "items", index] }, reading, itemType);
		}
		return;
	}
	readObject(fields, { kind, apiVersion: fields.apiVersion ?? inherited.apiVersion }, place, reading);
}

interface InheritedType {
	kind?: string;
	apiVersion?: unknown;
}

function readObject(
	fields: Readonly<Record<string, unknown>>,
	{ kind: text, apiVersion }: { kind: string; apiVersion: unknown },
	place: Place,
	reading: Reading,
): void {
	const kind = reading.kinds.find((known) => known.toLowerCase() === text.toLowerCase());
	if (kind === undefined || isForeign(kind, apiVersion, fields)) return;
	const parsed = parseObject(kind, fields, { origin: "manifest", intern: reading.intern });
	const key = objectKey({ kind, namespace: parsed.namespace, name: parsed.name || "(no name)" });
	const problems: FieldProblem[] = [...typeProblems({ kind, text, apiVersion }), ...parsed.problems];
	const [first] = problems;
	if (first !== undefined || parsed.object === undefined) {
		const line = place.lineOf([...place.path, ...(first?.path ?? [])]);
		const message = `${key}: ${describeProblems(problems)}`;
		reading.problems.push({ line, message: withKept(message, key, reading) });
		keepPrevious(key, reading);
		// Without a name nobody can say which of the file's objects this was.
		if (parsed.name === "") reading.keepAll = true;
		return;
	}
	const line = place.lineOf(place.path);
	const twin = reading.entries.get(key);
	if (twin === undefined) reading.entries.set(key, { object: parsed.object, line });
	else
		reading.problems.push({
			line,
			message: `${key} is here again, after line ${twin.line}; the first is used`,
		});
}

/** Of another API group (a Knative Service), or for another proxy: not ours, and nothing is wrong with it. */
function isForeign(kind: Kind, apiVersion: unknown, fields: Readonly<Record<string, unknown>>): boolean {
	const group = (version: unknown): string => String(version).split("/").slice(0, -1).join("/");
	if (typeof apiVersion === "string" && group(apiVersion) !== group(API_VERSIONS[kind])) {
		return group(apiVersion) !== "";
	}
	if (kind !== "Service" && kind !== "EndpointSlice") return false;
	const labels = (fields.metadata as { labels?: unknown } | null | undefined)?.labels;
	return typeof labels === "object" && labels !== null && FOREIGN_LABELS.some((label) => label in labels);
}

function typeProblems({
	kind,
	text,
	apiVersion,
}: {
	kind: Kind;
	text: string;
	apiVersion: unknown;
}): FieldProblem[] {
	const expected = API_VERSIONS[kind];
	const problems: FieldProblem[] = [];
	if (text !== kind) problems.push({ path: ["kind"], message: `is ${show(text)}; write ${kind}` });
	if (apiVersion !== expected) {
		problems.push({ path: ["apiVersion"], message: `is ${show(apiVersion)}; write ${expected}` });
	}
	return problems;
}

/** The key of a document that is not valid, as far as it can be read. */
function broken(document: Document.Parsed): string | undefined {
	const text = (path: readonly string[]): string | undefined => {
		try {
			const value = document.getIn(path);
			return typeof value === "string" ? value : undefined;
		} catch {
			return undefined;
		}
	};
	const [kind, name] = [KINDS.find((known) => known === text(["kind"])), text(["metadata", "name"])];
	if (kind === undefined || name === undefined) return undefined;
	return objectKey({ kind, namespace: text(["metadata", "namespace"]) ?? "default", name });
}

function withKept(message: string, key: string | undefined, { previous }: Reading): string {
	if (previous === undefined || previous.entries.size === 0) return message;
	if (key === undefined) return `${message}; what this file held before keeps serving`;
	return previous.entries.has(key) ? `${message}; its last good state keeps serving` : message;
}

function keepPrevious(key: string, { previous, entries }: Reading): void {
	const entry = previous?.entries.get(key);
	if (entry !== undefined && !entries.has(key)) entries.set(key, entry);
}

function describe({ path }: Place): string {
	const index = path.at(-1);
	return typeof index === "number" ? `item ${index + 1} of the list` : "the document";
}

/** Offset of the node at the path, or of the nearest one above it. */
function offsetOf(document: Document.Parsed, path: FieldPath): number {
	for (let length = path.length; length > 0; length -= 1) {
		let node: unknown;
		try {
			node = document.getIn(path.slice(0, length), true);
		} catch {
			continue;
		}
		const range = (node as { range?: readonly number[] | null } | null | undefined)?.range;
		if (range?.[0] !== undefined) return range[0];
	}
	return document.contents?.range?.[0] ?? document.range[0];
}
