import type { Kind } from "../../model/objects.ts";
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
	/** By `namespace/name`, the resourceVersion that the sink has. */
	const known = new Map<string, string>();
	let listed: Set<string> | undefined;

	function reject(key: string, why: string): void {
		const line = known.has(key)
			? `${kind} ${key}: ${why}; its last good state keeps serving`
			: `${kind} ${key}: ${why}; it is not served`;
		board.raise(problemId(kind, key), line);
	}

	return {
		put(raw) {
			const parsed = parseObject(kind, raw, { origin: "api", intern });
			const key = `${parsed.namespace || "(no namespace)"}/${parsed.name || "(no name)"}`;
			listed?.add(key);
			if (parsed.object === undefined) return reject(key, describeProblems(parsed.problems));
			board.clear(problemId(kind, key), `${kind} ${key}: is well again`);
			// After a relist most objects are what they were.
			if (parsed.resourceVersion !== "" && known.get(key) === parsed.resourceVersion) return;
			known.set(key, parsed.resourceVersion);
			sink.set(parsed.object);
		},
		remove(raw) {
			const { namespace, name } = identity(raw);
			const key = `${namespace}/${name}`;
			listed?.delete(key);
			board.clear(problemId(kind, key));
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
				const slash = key.indexOf("/");
				sink.delete(kind, key.slice(0, slash), key.slice(slash + 1));
			}
			const keep = new Set([...present].map((key) => problemId(kind, key)));
			board.clearOthers(problemId(kind, ""), keep);
		},
	};
}

function problemId(kind: Kind, key: string): string {
	return `object ${kind} ${key}`;
}

function identity(raw: unknown): { namespace: string; name: string } {
	const metadata = (raw as { metadata?: { namespace?: unknown; name?: unknown } } | null)?.metadata;
	return { namespace: String(metadata?.namespace ?? ""), name: String(metadata?.name ?? "") };
}
