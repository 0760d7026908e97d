import type { Collection } from "./collections.ts";
import { parseSelectors } from "./selectors.ts";
import { expiredContinue, type StatusAnswer } from "./status-bodies.ts";
import type { Store, Stored } from "./store.ts";

interface ContinueToken {
	v: string;
	rv: number;
	start: string;
}

/** Answers a list: all, or a page of a snapshot that stays the same over the pages. */
export function listAnswer(
	store: Store,
	{ collection, namespace, query }: { collection: Collection; namespace: string; query: URLSearchParams },
): StatusAnswer {
	const token = decodeToken(query.get("continue"));
	const revision = token === undefined || token.rv < 0 ? store.revision : token.rv;
	if (token !== undefined && revision < store.compacted) {
		return expiredContinue(encodeToken({ ...token, rv: -1 }));
	}
	const counted = !query.has("labelSelector") && !query.has("fieldSelector");
	const selected = parseSelectors(query);
	const rest = store
		.snapshot(collection, revision)
		.filter((object) => token === undefined || object.key >= token.start)
		.filter((object) => (namespace === "" || object.namespace === namespace) && selected(object));
	const limit = Number(query.get("limit") ?? 0) || rest.length;
	const page = rest.slice(0, limit);
	const left = rest.length - page.length;
	return { status: 200, body: listBody(collection, { page, revision, left, counted }) };
}

function listBody(
	{ kind, apiVersion }: Collection,
	options: { page: readonly Stored[]; revision: number; left: number; counted: boolean },
): string {
	const { page, revision, left, counted } = options;
	const start = `${page.at(-1)?.key ?? ""}\0`;
	const metadata = {
		resourceVersion: String(revision),
		...(left === 0 ? {} : { continue: encodeToken({ v: "meta.k8s.io/v1", rv: revision, start }) }),
		// With a selector the server does not know how many are left.
		...(left === 0 || !counted ? {} : { remainingItemCount: left }),
	};
	const head = `{"kind":"${kind}List","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)}`;
	return `${head},"items":[${page.map(({ json }) => json).join(",")}]}\n`;
}

function encodeToken(token: ContinueToken): string {
	return Buffer.from(JSON.stringify(token)).toString("base64url");
}

function decodeToken(text: string | null): ContinueToken | undefined {
	return text === null || text === ""
		? undefined
		: JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
}
