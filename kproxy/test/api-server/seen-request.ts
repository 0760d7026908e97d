import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { COLLECTIONS, type Collection } from "./collections.ts";

/** What was asked for: `stream` is a watch that begins with the initial events. */
export type Verb = "get" | "list" | "watch" | "stream" | "create" | "update" | "delete";

/** One request, as it came. */
export interface SeenRequest {
	verb: Verb;
	/** Plural; empty where the path is none of a collection. */
	resource: string;
	query: Readonly<Record<string, string>>;
	authorization: string | undefined;
	/** Common name of the client's certificate. */
	client: string | undefined;
}

/** Which requests. */
export interface RequestFilter {
	verb?: Verb | undefined;
	resource?: string | undefined;
	/** Only pages of a list after the first. */
	continued?: boolean | undefined;
}

/** A path of a collection or of an object in it. */
export interface Target {
	collection: Collection;
	namespace: string;
	name: string;
}

/** What a path names; undefined where it is none of a collection. */
export function findTarget(path: string): Target | undefined {
	for (const collection of COLLECTIONS) {
		const { base, resource, namespaced } = collection;
		const prefix = namespaced ? "(?:/namespaces/([^/]+))?" : "()";
		const found = new RegExp(`^${base}${prefix}/${resource}(?:/([^/]+))?$`).exec(path);
		if (found) return { collection, namespace: found[1] ?? "", name: found[2] ?? "" };
	}
	return undefined;
}

/** A request in the words of the API. */
export function describeRequest(request: IncomingMessage, url: URL, target: Target | undefined): SeenRequest {
	const socket = request.socket as Partial<TLSSocket>;
	const certified = socket.authorized === true ? socket.getPeerCertificate?.() : undefined;
	return {
		verb: verbOf(request, url, target),
		resource: target?.collection.resource ?? "",
		query: Object.fromEntries(url.searchParams),
		authorization: request.headers.authorization,
		client: certified?.subject?.CN?.toString(),
	};
}

function verbOf({ method }: IncomingMessage, { searchParams }: URL, target: Target | undefined): Verb {
	if (method === "POST") return "create";
	if (method === "PUT") return "update";
	if (method === "DELETE") return "delete";
	if (target === undefined || target.name !== "") return "get";
	if (!["1", "true"].includes(searchParams.get("watch") ?? "")) return "list";
	return searchParams.has("sendInitialEvents") ? "stream" : "watch";
}

/** Whether the filter means this request. */
export function matches({ verb, resource, query }: SeenRequest, filter: RequestFilter): boolean {
	const continued = "continue" in query;
	return (
		(filter.verb ?? verb) === verb &&
		(filter.resource ?? resource) === resource &&
		(filter.continued ?? continued) === continued
	);
}
