import { createMap, u32, u64 } from "bpf-loader";
import { apply, diff, openHash } from "bpf-maps";

// A map of one's own; loadObject(…).maps and openPinnedMap(path) give those that programs use.
using map = createMap({ name: "hits", type: "hash", keySize: 4, valueSize: 8, maxEntries: 1024 });

const hits = openHash(map, { key: u32, value: u64 }); // sizes are compared with the kernel's here
hits.set(80, 1n);
hits.setAll([
	[443, 2n],
	[8080, 3n],
]); // one system call for up to 8192 entries
console.log(hits.get(80), hits.get(22), hits.count());

const desired = [
	[80, 1n],
	[443, 9n],
] as const;
const { written, deleted, unchanged } = apply(hits, diff(desired, hits, hits));
console.log({ written, deleted, unchanged });
