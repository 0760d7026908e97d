import { parseAllDocuments } from "yaml";
import { show } from "../model/field-check.ts";
import { configError } from "./config-error.ts";
import { parseDurationMs } from "./duration.ts";
import { FIELDS, type FieldKind } from "./fields.ts";

const API_VERSION = "kubeproxy.config.k8s.io/v1alpha1";
const KIND = "KubeProxyConfiguration";
/** More aliases than this are an attempt to fill the memory. */
const ALIAS_LIMIT = 100;

/** The fields that a configuration sets, by path as in `iptables.masqueradeAll`; null counts as not set. */
export type ConfigFields = ReadonlyMap<string, unknown>;

/**
 * Reads the text of a KubeProxyConfiguration, YAML or JSON. Strict, as kube-proxy is: throws BpfError `USAGE` for a
 * field that does not exist, one of another type, and another kind or version. `file` is for messages.
 */
export function parseConfig(text: string, file: string): ConfigFields {
	const root = readDocument(text, file);
	if (root.kind !== KIND || root.apiVersion !== API_VERSION) {
		throw configError(
			file,
			`is ${show(root.kind)} of ${show(root.apiVersion)}`,
			`it must be kind ${KIND} of apiVersion ${API_VERSION}`,
		);
	}
	const fields = new Map<string, unknown>();
	collect(root, "", { file, fields });
	return fields;
}

/** A number of a duration field, in ms; undefined where it is not set. The field has been checked. */
export function durationMs(fields: ConfigFields, path: string): number | undefined {
	const text = fields.get(path);
	return text === undefined ? undefined : parseDurationMs(String(text));
}

function readDocument(text: string, file: string): Readonly<Record<string, unknown>> {
	const documents = parseAllDocuments(text, { merge: true });
	// No document at all is an array too, only without members.
	const [document, ...others] = Array.isArray(documents) ? documents : [];
	const [error] = document?.errors ?? [];
	if (error !== undefined) {
		const [what = ""] = error.message.split("\n");
		throw configError(file, `not valid YAML: ${what.replace(/:$/, "")}`);
	}
	if (others.length > 0) {
		throw configError(file, `has ${others.length + 1} documents`, `it must have one, of kind ${KIND}`);
	}
	const value: unknown = document?.toJS({ maxAliasCount: ALIAS_LIMIT });
	if (!isMapping(value)) {
		throw configError(file, `is ${show(value ?? undefined)}`, `it must be a mapping of kind ${KIND}`);
	}
	return value;
}

interface Reading {
	file: string;
	fields: Map<string, unknown>;
}

function collect(value: Readonly<Record<string, unknown>>, prefix: string, into: Reading): void {
	for (const [name, inner] of Object.entries(value)) {
		const path = `${prefix}${name}`;
		if (path === "kind" || path === "apiVersion") continue;
		const field = Object.hasOwn(FIELDS, path) ? FIELDS[path] : undefined;
		const isGroup = Object.keys(FIELDS).some((known) => known.startsWith(`${path}.`));
		if (field === undefined && !isGroup) {
			throw configError(into.file, `${path}: unknown field${meant(path)}`);
		}
		if (inner === null || inner === undefined) continue;
		if (field === undefined) collect(asMapping(inner, path, into.file), `${path}.`, into);
		else setField({ path, value: inner, kind: field.kind }, into);
	}
}

function asMapping(value: unknown, path: string, file: string): Readonly<Record<string, unknown>> {
	if (isMapping(value)) return value;
	throw configError(file, `${path} is ${show(value)}; it must be a mapping`);
}

function setField(
	{ path, value, kind }: { path: string; value: unknown; kind: FieldKind },
	{ file, fields }: Reading,
): void {
	const wanted = wrongType(value, kind);
	if (wanted !== undefined) throw configError(file, `${path} is ${show(value)}; it must be ${wanted}`);
	fields.set(path, value);
}

/** A field that differs only in upper and lower case is a slip that JSON readers forgive and kube-proxy does not. */
function meant(path: string): string {
	const known = Object.keys(FIELDS).find((each) => each.toLowerCase() === path.toLowerCase());
	return known === undefined ? "" : `: did you mean ${known}?`;
}

/** What the value must be, where it is not. */
function wrongType(value: unknown, kind: FieldKind): string | undefined {
	switch (kind) {
		case "text":
			return typeof value === "string" ? undefined : "text, so put it in quotes";
		case "flag":
			return typeof value === "boolean" ? undefined : "true or false";
		case "number":
			return typeof value === "number" ? undefined : "a number";
		case "duration":
			return typeof value === "string" && parseDurationMs(value) !== undefined
				? undefined
				: "a duration such as 30s or 1m30s";
		case "texts":
			return Array.isArray(value) && value.every((each) => typeof each === "string")
				? undefined
				: "a list of texts";
		case "gates":
			return isMapping(value) && Object.values(value).every((each) => typeof each === "boolean")
				? undefined
				: "a mapping of names to true or false";
		case "any":
			return undefined;
	}
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
