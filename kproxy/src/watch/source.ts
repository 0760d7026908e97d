import type { ApiObject, Kind } from "../model/objects.ts";

/** One object that came, changed or went (`object` undefined). */
export interface Change {
	kind: Kind;
	/** Empty for kinds that lie in none. */
	namespace: string;
	name: string;
	object: ApiObject | undefined;
}

/** What a source says. */
export interface Sink {
	set(object: ApiObject): void;
	delete(kind: Kind, namespace: string, name: string): void;
	/** This kind of this source is now complete: everything that exists has been set, everything that vanished deleted. */
	synced(kind: Kind): void;
	/** A line for the log, said once when something turns bad (`warn`) or good again (`info`). */
	notice(level: NoticeLevel, line: string): void;
	/** A server was asked over the network; once for each request, when its answer starts or there is none. */
	requested(request: SourceRequest): void;
}

/** One request of a source, for whoever counts them. */
export interface SourceRequest {
	/** HTTP status, or `<error>` where no answer came. */
	code: string;
	method: "GET";
	/** Host and port of the server. */
	host: string;
}

/** How much a notice matters. */
export type NoticeLevel = "warn" | "info";

/** A place that objects come from: an API server or a directory of manifests. */
export interface Source {
	/** For logs and `status`, as in `manifests ./examples`. */
	readonly name: string;
	readonly kinds: readonly Kind[];
	/** Feeds the sink until aborted. Retries by itself; rejects only for what no retry can mend (a missing kubeconfig). */
	run(sink: Sink, signal: AbortSignal): Promise<void>;
	status(): SourceStatus;
}

export interface SourceStatus {
	name: string;
	synced: boolean;
	/** When the source last answered, in ms since the epoch. */
	lastContactMs: number | undefined;
	/** What is wrong now, one line each; empty when all is well. */
	problems: readonly string[];
}

/** What has changed since the last batch, each object once, newest state. */
export interface Batch {
	changes: readonly Change[];
	/** Every kind of every source has synced: only now may anything be deleted from the kernel. */
	synced: boolean;
}
