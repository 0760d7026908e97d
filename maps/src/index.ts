export { type ApplyOptions, type ApplyReport, apply } from "./apply.ts";
export { openArray } from "./array.ts";
export { openArrayOfMaps } from "./array-of-maps.ts";
export { type Codecs, type Difference, diff } from "./diff.ts";
export { openHash } from "./hash.ts";
export { openHashOfMaps } from "./hash-of-maps.ts";
export type { Entries } from "./keyed-map.ts";
export { openLpmTrie } from "./lpm-trie.ts";
export { openLruHash } from "./lru-hash.ts";
export type { MapOfMaps } from "./map-of-maps.ts";
export { type MemoryTableOptions, memoryTable } from "./memory-table.ts";
export { perCpuCodec } from "./per-cpu.ts";
export { openPerCpuArray } from "./per-cpu-array.ts";
export { openLruPerCpuHash, openPerCpuHash } from "./per-cpu-hash.ts";
export {
	type ConsumeOptions,
	openRingBuffer,
	type RecordDecoder,
	RingBuffer,
	type RingBufferCounts,
	type RingBufferOptions,
} from "./ring-buffer.ts";
export { openSockHash } from "./sock-hash.ts";
export { openSockMap } from "./sock-map.ts";
export type { SockTable } from "./sock-table.ts";
export type { Chunk, MapTable, SetMode, Table } from "./table.ts";
