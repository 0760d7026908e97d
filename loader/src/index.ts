export { attachCgroup, type CgroupAttachment, listCgroupPrograms } from "./attach/cgroup.ts";
export {
	attachClsact,
	type ClsactAttachment,
	openTcFilter,
	TcFilter,
	type TcFilterPlace,
} from "./attach/clsact.ts";
export { interfaceIndex, interfaceName } from "./attach/interface.ts";
export { type Attachment, Link, type LinkInfo, openPinnedLink } from "./attach/link.ts";
export { attachSkMsg } from "./attach/sk-msg.ts";
export { attachSkSkb, type SkSkbRole } from "./attach/sk-skb.ts";
export { type SockMapAttachment, SockMapProgram } from "./attach/sock-map.ts";
export { attachSockops } from "./attach/sockops.ts";
export { attachTc } from "./attach/tc.ts";
export { attachTcx, type Direction, listTcxPrograms, type TcxAttachment } from "./attach/tcx.ts";
export { attachXdp, type XdpAttachment } from "./attach/xdp.ts";
export { decodeValue, type PlainValue } from "./btf/decode.ts";
export { readKernelBtf } from "./btf/kernel.ts";
export type { Layout } from "./btf/layout.ts";
export { layoutFinder } from "./btf/layout-finder.ts";
export { parseBtf } from "./btf/parse.ts";
export type { Btf, BtfType } from "./btf/types.ts";
export type { Codec } from "./codec.ts";
export { address4, address6, readAddress, writeAddress } from "./codec-address.ts";
export { type BitRange, bigBits, bits, flag } from "./codec-bits.ts";
export * from "./codec-scalar.ts";
export { array, bytes, text, writeZeros } from "./codec-sequence.ts";
export { type UnionCodec, type UnionValue, union } from "./codec-union.ts";
export { generateModule, type ModuleOptions } from "./codegen/module.ts";
export { describeErrno, Errno, errnoName } from "./errno.ts";
export {
	BpfError,
	type BpfErrorFacts,
	LayoutError,
	MapError,
	type MapErrorFacts,
	PermissionError,
	UnsupportedError,
	VerifierError,
} from "./errors.ts";
export { firstKernelOf } from "./first-kernels.ts";
export type { AttachType, LinkType, MapType, ProgramType } from "./kernel-names.ts";
export { type DirectoryLock, directoryLockHolder, type LockHolder, lockDirectory } from "./lock.ts";
export {
	createMap,
	kernelMapCalls,
	type MapCalls,
	type MapHandle,
	type MapOptions,
	type MappedMemory,
	mapMemory,
	openMapById,
	pageSize,
	possibleCpus,
	type ReadBatch,
	watchReadable,
} from "./map-calls.ts";
export { inNetworkNamespace, netnsCookie, openInetSocket } from "./netlink/namespace.ts";
export {
	type BridgeEntry,
	type Neighbour,
	type Neighbourhood,
	openNeighbourhood,
} from "./netlink/neighbourhood.ts";
export {
	type AddressScope,
	type DefaultRoute,
	type LinkPeer,
	type NetworkAddress,
	type NetworkLink,
	type NetworkSnapshot,
	readNetwork,
} from "./netlink/network.ts";
export {
	type DiagQuery,
	type DiagSocket,
	openSockDiag,
	type SockDiag,
	type SocketEnd,
} from "./netlink/sock-diag.ts";
export { type NetworkWatch, type NetworkWatchOptions, watchNetwork } from "./netlink/watch-network.ts";
export { BpfMap, type MapInfo, openPinnedMap } from "./object/bpf-map.ts";
export { BpfObject, type ObjectNames } from "./object/bpf-object.ts";
export {
	type LoadMapOptions,
	type LoadOptions,
	type LoadProgramOptions,
	loadObject,
} from "./object/load-object.ts";
export { openPinnedProgram, openProgramById, Program, type ProgramInfo } from "./object/program.ts";
export type { TestRun, TestRunResult } from "./object/test-run.ts";
export type { VariableValue } from "./object/variable-values.ts";
export type { VerifierStatistics } from "./object/verifier-statistics.ts";
export {
	type Capability,
	explainPermission,
	missingCapabilities,
	type PermissionExplanation,
	type PermissionFacts,
	readPermissionFacts,
} from "./permission.ts";
export { isBpffs, listPins, unpin } from "./pin.ts";
export type { ProbedAttachType } from "./probe/attach-programs.ts";
export type { HelperName } from "./probe/helper-names.ts";
export { type BatchMapType, type HelperQuestion, type Probe, probe } from "./probe/probe.ts";
export type { MapSpec, ObjectSpec, ProgramSpec, VariableFormat, VariableSpec } from "./spec/object-spec.ts";
export { openSpec } from "./spec/open-spec.ts";
