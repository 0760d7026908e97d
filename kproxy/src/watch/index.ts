import { type ChangeQueue, type ChangeQueueOptions, createChangeQueue } from "./change-queue.ts";
import type { Source } from "./source.ts";

export type { ChangeQueue, ChangeQueueOptions } from "./change-queue.ts";
export type { Clock } from "./clock.ts";
export { createKubernetesSource, type KubernetesSourceOptions } from "./kubernetes/kubernetes-source.ts";
export { createManifestsSource, type ManifestsSourceOptions } from "./manifests/manifests-source.ts";
export type { Batch, Change, NoticeLevel, Sink, Source, SourceStatus } from "./source.ts";

/**
 * Runs the sources until the signal aborts and gives what they say in batches, for one `for await`. Throws there what a
 * source rejects with: a missing kubeconfig, a directory that does not exist.
 */
export function watchSources(
	sources: readonly Source[],
	signal: AbortSignal,
	options: Omit<ChangeQueueOptions, "signal"> = {},
): ChangeQueue {
	return createChangeQueue(sources, { ...options, signal });
}
