import { asRecord, asText, type FieldProblem, formatPath, type ParseContext, show } from "./field-check.ts";
import { checkLabel } from "./name-check.ts";
import { type ApiObject, isNamespaced, type Kind } from "./objects.ts";
import { parseEndpointSlice } from "./parse-endpoint-slice.ts";
import { parseNode } from "./parse-node.ts";
import { parseService } from "./parse-service.ts";
import { parseServiceCIDR } from "./parse-service-cidr.ts";
import { parseNamespace } from "./policy/parse-namespace.ts";
import { parseNetworkPolicy } from "./policy/parse-network-policy.ts";
import { parsePod } from "./policy/parse-pod.ts";

/** What `metadata` says, as far as the parse functions read it. */
export interface ObjectMeta {
	/** Empty for kinds that lie in none. */
	namespace: string;
	name: string;
	resourceVersion: string;
	labels: Readonly<Record<string, string>>;
	annotations: Readonly<Record<string, unknown>> | undefined;
	creationTimestamp: unknown;
	deletionTimestamp: unknown;
}

/** A raw object, trimmed to what the model reads; `object` is undefined where it has problems. */
export interface ParsedObject {
	/** Empty where they cannot be read. */
	namespace: string;
	name: string;
	/** Empty where the object has none, as in a manifest. */
	resourceVersion: string;
	object: ApiObject | undefined;
	problems: readonly FieldProblem[];
}

type Parse = (raw: Readonly<Record<string, unknown>>, meta: ObjectMeta, context: ParseContext) => ApiObject;

const PARSERS: Readonly<Record<Kind, Parse>> = {
	Service: parseService,
	EndpointSlice: parseEndpointSlice,
	Node: parseNode,
	ServiceCIDR: parseServiceCIDR,
	Namespace: parseNamespace,
	Pod: parsePod,
	NetworkPolicy: parseNetworkPolicy,
};

/**
 * Trims an object as the API sends it (JSON.parse's output) or as a manifest has it. Never throws: what is wrong comes
 * back as problems. No part of the raw object stays referenced but strings.
 */
export function parseObject(
	kind: Kind,
	raw: unknown,
	options: Pick<ParseContext, "origin" | "intern">,
): ParsedObject {
	const context: ParseContext = { ...options, problems: [] };
	const fields = asRecord(raw, [], context);
	const meta = readMeta(kind, fields ?? {}, context);
	const object = fields && PARSERS[kind](fields, meta, context);
	const { namespace, name, resourceVersion } = meta;
	const { problems } = context;
	return { namespace, name, resourceVersion, object: problems.length === 0 ? object : undefined, problems };
}

/** The problems as one phrase: `spec.ports[0].port is 70000; ports are numbers from 1 to 65535 (and 2 more problems)`. */
export function describeProblems(problems: readonly FieldProblem[]): string {
	const [first] = problems;
	if (first === undefined) return "no problem";
	const text = first.path.length === 0 ? `it ${first.message}` : `${formatPath(first.path)} ${first.message}`;
	const more = problems.length - 1;
	if (more === 0) return text;
	return `${text} (and ${more} more problem${more === 1 ? "" : "s"})`;
}

function readMeta(kind: Kind, raw: Readonly<Record<string, unknown>>, context: ParseContext): ObjectMeta {
	const metadata = asRecord(raw.metadata, ["metadata"], context) ?? {};
	const name = asText(metadata.name, ["metadata", "name"], context);
	if (name === "") context.problems.push({ path: ["metadata", "name"], message: "is missing" });
	return {
		namespace: readNamespace(kind, metadata, context),
		name,
		resourceVersion: asText(metadata.resourceVersion, ["metadata", "resourceVersion"], context),
		labels: readLabels(metadata.labels, context),
		annotations: asRecord(metadata.annotations, ["metadata", "annotations"], context),
		creationTimestamp: metadata.creationTimestamp,
		deletionTimestamp: metadata.deletionTimestamp,
	};
}

function readNamespace(
	kind: Kind,
	metadata: Readonly<Record<string, unknown>>,
	context: ParseContext,
): string {
	const path = ["metadata", "namespace"];
	const manifest = context.origin === "manifest";
	const given = context.intern(asText(metadata.namespace, path, context));
	if (!isNamespaced(kind)) {
		if (given !== "") {
			context.problems.push({ path, message: `is ${show(given)}; a ${kind} lies in no namespace` });
		}
		return "";
	}
	// As kubectl does without -n; the API always says it.
	const namespace = given === "" && manifest ? "default" : given;
	if (namespace === "") context.problems.push({ path, message: "is missing" });
	else if (manifest) checkLabel(namespace, path, context);
	return namespace;
}

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});

function readLabels(value: unknown, context: ParseContext): Readonly<Record<string, string>> {
	const fields = asRecord(value, ["metadata", "labels"], context);
	if (fields === undefined) return NO_LABELS;
	const labels: Record<string, string> = {};
	for (const [key, label] of Object.entries(fields)) {
		labels[key] = context.intern(asText(label, ["metadata", "labels", key], context));
	}
	return labels;
}
