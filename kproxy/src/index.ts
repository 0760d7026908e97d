/** What other packages may use of kproxy: its sources, model and pipeline, without the command line. */

export { type AffinityView, describeAffinity } from "./dataplane/affinity-view.ts";
export type { AttachOutcome } from "./dataplane/attach.ts";
export { type CgroupDirectory, findCgroup } from "./dataplane/cgroup-root.ts";
export { type Outcome, readOutcomes } from "./dataplane/counters.ts";
export { type ClusterRanges, writeCluster } from "./dataplane/devices/cluster-ranges.ts";
export {
	type DeviceFollower,
	type DeviceMode,
	type DeviceSettings,
	type FollowedDevice,
	type FollowOptions,
	followDevices,
} from "./dataplane/devices/follow-devices.ts";
export { type NodeMaps, openNodeMaps } from "./dataplane/devices/node-maps.ts";
export { describeFlows, type FlowView } from "./dataplane/flow-view.ts";
export type { DataplaneTunables, MapSizes, PacketPrograms } from "./dataplane/load-objects.ts";
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
export type { ModelOptions } from "./model/model.ts";
export {
	type ClusterFacts,
	createPipeline,
	type Pipeline,
	type PipelineOptions,
	type Report,
} from "./pipeline.ts";
export type { Problem, ProblemCode } from "./problem.ts";
export { version } from "./version.ts";
export { type ChangeQueue, type ChangeQueueOptions, createChangeQueue } from "./watch/change-queue.ts";
export {
	createKubernetesSource,
	type KubernetesSourceOptions,
} from "./watch/kubernetes/kubernetes-source.ts";
export { createManifestsSource, type ManifestsSourceOptions } from "./watch/manifests/manifests-source.ts";
export type { Batch, Change, Sink, Source, SourceRequest, SourceStatus } from "./watch/source.ts";
