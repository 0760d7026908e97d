import { isNamespaced, type Kind, objectKey } from "../../model/objects.ts";
import { describeProblems, parseObject } from "../../model/parse-object.ts";
import type { ProblemBoard } from "../problem-board.ts";
import type { Sink } from "../source.ts";

/** What the sink has been told of one kind, so that it hears only what differs. */
export interface Mirror {
	/** An object from a list or a watch, as JSON.parse gave it. One that cannot be used is reported once. */
	put(raw: unknown): void;
	/** An object that went. */
	remove(raw: unknown): void;
	/** From here to {@link Mirror.endList} each object is put once; what is not put is gone. */
	beginList(): void;
	endList(): void;
}

/** A mirror for one kind. Keeps a key and a resourceVersion for each object. */
export function createMirror(options: {
	kind: Kind;
	sink: Sink;
	board: ProblemBoard;
	intern: (text: string) => string;
}): Mirror {
	const { kind, sink, board, intern } = options;
	/** By {@link keyOf}, the resourceVersion that the sink has. */
	const known = new Map<string, string>();
	let listed: Set<string> | undefined;

	function reject(key: string, why: string): void {
		const meanwhile = known.has(key) ? "its last good state keeps serving" : "it is not served";
		board.raise(problemId(key), `${key}: ${why}; ${meanwhile}`);
	}

	return {
		put(raw) {
			const parsed = parseObject(kind, raw, { origin: "api", intern });
			const key = keyOf(kind, parsed);
			listed?.add(key);
			if (parsed.object === undefined) return reject(key, describeProblems(parsed.problems));
			board.clear(problemId(key), `${key}: is well again`);
			// After a relist most objects are what they were.
			if (parsed.resourceVersion !== "" && known.get(key) === parsed.resourceVersion) return;
			known.set(key, parsed.resourceVersion);
			sink.set(parsed.object);
		},
		remove(raw) {
			const { namespace, name } = identity(raw);
			const key = keyOf(kind, { namespace, name });
			listed?.delete(key);
			board.clear(problemId(key));
			if (known.delete(key)) sink.delete(kind, namespace, name);
		},
		beginList() {
			listed = new Set();
		},
		endList() {
			const present = listed ?? new Set();
			listed = undefined;
			for (const key of known.keys()) {
				if (present.has(key)) continue;
				known.delete(key);
				const { namespace, name } = readKey(kind, key);
				sink.delete(kind, namespace, name);
			}
			board.clearOthers(problemId(`${kind} `), new Set([...present].map(problemId)));
		},
	};
}

function problemId(key: string): string {
	return `object ${key}`;
}

function keyOf(kind: Kind, { namespace, name }: { namespace: string; name: string }): string {
	return objectKey({ kind, namespace: namespace || "(no namespace)", name: name || "(no name)" });
}

function readKey(kind: Kind, key: string): { namespace: string; name: string } {
	const text = key.slice(kind.length + 1);
	if (!isNamespaced(kind)) return { namespace: "", name: text };
	const slash = text.indexOf("/");
	return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

function identity(raw: unknown): { namespace: string; name: string } {
	const metadata = (raw as { metadata?: { namespace?: unknown; name?: unknown } } | null)?.metadata;
	return { namespace: String(metadata?.namespace ?? ""), name: String(metadata?.name ?? "") };
}
