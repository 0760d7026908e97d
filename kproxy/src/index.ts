/** What other packages may use of kproxy: its sources, model and pipeline, without the command line. */

export type { AttachOutcome } from "./dataplane/attach.ts";
export { type CgroupDirectory, findCgroup } from "./dataplane/cgroup-root.ts";
export { type Outcome, readOutcomes } from "./dataplane/counters.ts";
export { type Dataplane, type DataplaneOptions, openDataplane } from "./dataplane/open-dataplane.ts";
export { openPinnedDataplane, type PinnedDataplane } from "./dataplane/pinned-dataplane.ts";
export type { MapName, ServiceMaps } from "./dataplane/service-maps.ts";
export {
	type BackendView,
	compareViews,
	describeTables,
	type FrontendView,
	type ViewDifference,
} from "./dataplane/service-view.ts";
export type { ServiceTables } from "./dataplane/tables.ts";
export { createPipeline, type Pipeline, type PipelineOptions, type Report } from "./pipeline.ts";
export type { Problem, ProblemCode } from "./problem.ts";
export { version } from "./version.ts";
export { type ChangeQueue, type ChangeQueueOptions, createChangeQueue } from "./watch/change-queue.ts";
export {
	createKubernetesSource,
	type KubernetesSourceOptions,
} from "./watch/kubernetes/kubernetes-source.ts";
export { createManifestsSource, type ManifestsSourceOptions } from "./watch/manifests/manifests-source.ts";
export type { Batch, Change, Sink, Source, SourceRequest, SourceStatus } from "./watch/source.ts";
