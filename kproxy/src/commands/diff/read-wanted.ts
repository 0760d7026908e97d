import { BpfError } from "bpf-loader";
import type { FrontendView } from "../../dataplane/service-view.ts";
import { createModel, type ModelOptions } from "../../model/model.ts";
import { describeRows } from "../../plan/describe-rows.ts";
import { createChangeQueue } from "../../watch/change-queue.ts";
import type { Source } from "../../watch/source.ts";

/** What the sources ask of a node, listed once. Throws BpfError `SOURCES_SILENT` when not all was heard in time. */
export async function readWanted(
	sources: readonly Source[],
	{ node, timeoutMs, signal }: { node: ModelOptions; timeoutMs: number; signal: AbortSignal },
): Promise<FrontendView[]> {
	const enough = new AbortController();
	const model = createModel(node);
	let synced = false;
	const stop = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs), enough.signal]);
	const queue = createChangeQueue(sources, { signal: stop });
	for await (const batch of queue) {
		model.update(batch.changes);
		synced = batch.synced;
		if (synced) {
			enough.abort();
		}
	}
	if (!synced) {
		throw silent(queue.statuses(), timeoutMs);
	}
	return describeRows(Array.from(model.rows(), ([, row]) => row));
}

function silent(
	statuses: readonly { name: string; problems: readonly string[] }[],
	timeoutMs: number,
): BpfError {
	const why = statuses.flatMap(({ name, problems }) => (problems.length > 0 ? problems : [name])).join("; ");
	return new BpfError(`not everything was listed within ${timeoutMs / 1000} s: ${why}`, {
		code: "SOURCES_SILENT",
		operation: "list",
		object: statuses.map(({ name }) => name).join(", "),
		hint: "give more time with --timeout",
	});
}
