import type { IncomingMessage } from "node:http";
import type { Target, Verb } from "./seen-request.ts";
import { alreadyExists, invalidName, notFound, type StatusAnswer, statusAnswer } from "./status-bodies.ts";
import type { RawObject, Store } from "./store.ts";
import { withKind } from "./watch-answer.ts";

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** Creates, replaces or deletes an object, as kubectl would. Fills in metadata, but allocates no addresses. */
export async function writeAnswer(
	store: Store,
	{ request, verb, target }: { request: IncomingMessage; verb: Verb; target: Target },
): Promise<StatusAnswer> {
	const { collection, namespace } = target;
	if (verb === "delete") {
		const deleted = store.delete(collection.kind, namespace, target.name);
		if (deleted === undefined) return notFound(collection, target.name);
		return { status: 200, body: `${withKind(collection, deleted.json)}\n` };
	}
	const raw = await readObject(request);
	if (raw === undefined) {
		return statusAnswer({ code: 400, message: "the object provided is unrecognized", reason: "BadRequest" });
	}
	const metadata = raw.metadata as { name: string };
	const exists = store.get(collection.kind, namespace, metadata.name) !== undefined;
	if (verb === "create" && exists) return alreadyExists(collection, metadata.name);
	if (collection.kind === "Service" && !LABEL.test(metadata.name))
		return invalidName(collection, metadata.name);
	const named = { ...raw, kind: collection.kind, metadata: { ...metadata, namespace } };
	const stored = store.set(named);
	return { status: exists ? 200 : 201, body: `${withKind(collection, stored.json)}\n` };
}

async function readObject(request: IncomingMessage): Promise<RawObject | undefined> {
	const parts: Buffer[] = [];
	for await (const part of request) parts.push(part as Buffer);
	try {
		const raw = JSON.parse(Buffer.concat(parts).toString("utf8")) as { metadata?: { name?: unknown } };
		return typeof raw.metadata?.name === "string" ? (raw as RawObject) : undefined;
	} catch {
		return undefined;
	}
}
