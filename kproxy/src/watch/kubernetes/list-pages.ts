import { BpfError } from "bpf-loader";
import type { ApiClient } from "./api-client.ts";
import { unreachable } from "./api-error.ts";
import { createItemSplitter } from "./item-splitter.ts";
import type { Selector } from "./resources.ts";

/** How many objects a page has: one page of slices is about 1.5 MB. */
export const PAGE_SIZE = 500;

/**
 * Lists a collection page by page, giving `onItem` each object as it comes. Resolves with the resourceVersion of the
 * whole list. An ApiError 410 on the way means: begin anew, from the first page.
 */
export async function listPages(
	client: ApiClient,
	options: { path: string; selector: Selector; signal: AbortSignal; onItem: (raw: unknown) => void },
): Promise<string> {
	let next = "";
	for (;;) {
		const page = await listPage(client, { ...options, continueToken: next });
		if (page.continueToken === "") return page.resourceVersion;
		next = page.continueToken;
	}
}

async function listPage(
	client: ApiClient,
	options: {
		path: string;
		selector: Selector;
		signal: AbortSignal;
		onItem: (raw: unknown) => void;
		continueToken: string;
	},
): Promise<{ resourceVersion: string; continueToken: string }> {
	const { path, selector, signal, onItem, continueToken } = options;
	const query: Record<string, string> = { ...selector, limit: String(PAGE_SIZE) };
	if (continueToken !== "") query.continue = continueToken;
	const { server } = client;
	const splitter = createItemSplitter((json) => onItem(parseJson(json, { path, server })));
	const body = await client.get(path, { query, signal });
	await readBody(body, splitter.push, server);
	const list = parseJson(splitter.envelope(), { path, server }) as {
		items?: unknown;
		metadata?: { resourceVersion?: unknown; continue?: unknown };
	} | null;
	const { resourceVersion, continue: token } = list?.metadata ?? {};
	if (typeof resourceVersion !== "string" || !Array.isArray(list?.items ?? [])) {
		throw notAnApiServer({ server, path, why: "the answer is not a list with a resourceVersion" });
	}
	return { resourceVersion, continueToken: typeof token === "string" ? token : "" };
}

/** Gives each chunk to `push`; what breaks the connection becomes an error of the server, what `push` throws stays. */
export async function readBody(
	body: AsyncIterable<Uint8Array>,
	push: (chunk: Uint8Array) => void,
	server: string,
): Promise<void> {
	const chunks = body[Symbol.asyncIterator]();
	try {
		for (;;) {
			const result = await chunks.next().catch((cause: unknown) => {
				throw unreachable(server, cause);
			});
			if (result.done) return;
			push(result.value);
		}
	} finally {
		// An error of the reader's own must close the connection, too.
		await chunks.return?.();
	}
}

function parseJson(text: string, { path, server }: { path: string; server: string }): unknown {
	try {
		return JSON.parse(text);
	} catch (cause) {
		throw notAnApiServer({ server, path, why: "the answer is not whole JSON", cause });
	}
}

/** Something answers, but not as an API server would. */
export function notAnApiServer(facts: {
	server: string;
	path: string;
	why: string;
	cause?: unknown;
}): BpfError {
	const hint = "is this the address of an API server, and is no proxy in between?";
	return new BpfError(`GET ${facts.server}${facts.path}: ${facts.why}; ${hint}`, {
		code: "API_MALFORMED",
		operation: "get",
		object: facts.path,
		hint,
		cause: facts.cause,
	});
}
