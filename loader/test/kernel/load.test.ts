import { existsSync, readdirSync, readFileSync } from "node:fs";
import test from "ava";
import {
	BpfError,
	type BpfMap,
	isBpffs,
	kernelMapCalls,
	LayoutError,
	listPins,
	loadObject,
	MapError,
	openPinnedLink,
	openPinnedMap,
	openPinnedProgram,
	openProgramById,
	openSpec,
	UnsupportedError,
	unpin,
} from "../../src/index.ts";
import { compileObject } from "../btf/compile.ts";
import { lacks } from "../lacks.ts";
import { makeBpffs, readNumber } from "./sandbox.ts";

const spec = openSpec(
	compileObject(`
struct entry { __u32 a; __u64 b; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 100); __type(key, __u32); __type(value, struct entry); } table SEC(".maps");
struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 5); __type(key, __u32); __type(value, __u64); };
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 3); __uint(key_size, 4); __array(values, struct inner); } outer SEC(".maps");
const volatile __u64 wide = 1;
const volatile __u32 word = 2;
const volatile __s16 negative = -3;
const volatile bool flag;
const volatile __be16 port;
const volatile struct in6_addr address;
__u64 calls;
__u64 start = 1000;
SEC("tc") int sum(struct __sk_buff *skb)
{
	__u32 key = 1;
	bpf_map_lookup_elem(&table, &key);
	bpf_map_lookup_elem(&outer, &key);
	calls += 1;
	start += 1;
	return wide + word + negative + (flag ? 100 : 0) + port + address.s6_addr[15];
}
SEC("xdp") int shorten(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_tail(ctx, -4) ? XDP_ABORTED : XDP_TX;
}
SEC("?xdp") int optional(struct xdp_md *ctx) { return XDP_PASS; }
SEC("cgroup/connect4") int connect4(struct bpf_sock_addr *ctx) { return 1; }
char LICENSE[] SEC("license") = "GPL";
`),
);
type Names = {
	programs: "sum" | "shorten" | "optional" | "connect4";
	maps: "table" | "outer" | ".bss" | ".data" | ".rodata";
	variables: "wide" | "word" | "negative" | "flag" | "port" | "address" | "calls" | "start";
};

const packet = new Uint8Array(64);

test("Variables keep their values from the file, or take those that were given", (t) => {
	using plain = loadObject<Names>(spec);
	t.is(plain.programs.sum.testRun({ data: packet }).returnValue, 1 + 2 - 3);
	const address = new Uint8Array(16).fill(7);
	using set = loadObject<Names>(spec, {
		variables: { wide: 10n, word: 20, negative: -5, flag: true, port: 0x0100, address, calls: 41, start: 7 },
	});
	// The program adds the port as it lies in memory: 1 in network order.
	t.is(set.programs.sum.testRun({ data: packet }).returnValue, 10 + 20 - 5 + 100 + 1 + 7);
	t.is(readNumber(set.maps[".bss"]), 42n);
	t.is(readNumber(set.maps[".data"]), 8n);
});

test("A wrong variable, map or program name is an error before anything is loaded", (t) => {
	const wrong: [code: string, options: object, message: RegExp][] = [
		["VARIABLE_UNKNOWN", { variables: { wrd: 1 } }, /no global variable wrd; it has: .*word/],
		["MAP_UNKNOWN", { maps: { tabel: {} } }, /has no map tabel; it has: table, outer/],
		["PROGRAM_UNKNOWN", { programs: { summ: {} } }, /has no program summ; it has: sum,/],
	];
	for (const [code, options, message] of wrong) {
		t.throws(() => loadObject(spec, options), { instanceOf: BpfError, code, message });
	}
});

test("Programs are left out or put in as asked", (t) => {
	using all = loadObject<Names>(spec);
	t.deepEqual(Object.keys(all.programs), ["sum", "shorten", "connect4"]);
	using some = loadObject<Names>(spec, { programs: { sum: { load: false }, optional: { load: true } } });
	t.deepEqual(Object.keys(some.programs), ["shorten", "optional", "connect4"]);
	t.is(some.programs.optional.testRun({ data: packet }).returnValue, 2);
});

test("A program tells what the verifier counted, where that is asked for", (t) => {
	using object = loadObject<Names>(spec, { programs: { sum: { statistics: true } } });
	const { statistics, name } = object.programs.sum;
	t.is(name, "sum");
	t.true((statistics?.verifiedInstructions ?? 0) >= 10);
	t.true((statistics?.stackDepths.length ?? 0) >= 1);
	const counted = object.programs.sum.info().verifiedInstructions;
	if (counted > 0) t.is(statistics?.verifiedInstructions, counted);
	t.is(object.programs.shorten.statistics, undefined);
});

test("The kernel's facts about a program and its maps match the object", (t) => {
	using object = loadObject<Names>(spec, { maps: { table: { maxEntries: 7 } } });
	const info = object.programs.sum.info();
	t.like(info, { name: "sum", type: "sched_cls", userId: 0, runCount: 0n });
	t.regex(info.tag, /^[0-9a-f]{16}$/);
	t.true(
		info.id > 0 && info.jitedSize > 0 && info.translatedSize > 0 && info.loadedNs > 0n && info.btfId > 0,
	);
	const counts = {
		feature: "instruction counts in program info",
		has: info.verifiedInstructions > 0,
	};
	if (!lacks(t, counts)) t.true(info.verifiedInstructions >= 10);
	const { table, outer } = object.maps;
	const used = [table, outer, object.maps[".bss"], object.maps[".data"], object.maps[".rodata"]];
	t.deepEqual([...info.mapIds].sort(), used.map((map) => map.info.id).sort());
	t.like(table.info, { name: "table", type: "hash", keySize: 4, valueSize: 16, maxEntries: 7, flags: 0 });
	t.is(table.info.keyTypeId, spec.maps.table?.keyTypeId ?? -1);
	t.is(table.info.valueTypeId, spec.maps.table?.valueTypeId ?? -1);
	t.is(outer.type, "array_of_maps");
	using same = openProgramById(info.id);
	t.is(same?.info().tag, info.tag);
	t.is(openProgramById(0x7fff_ffff), undefined);
});

test("A test run gives return value, data, context and time", (t) => {
	using object = loadObject<Names>(spec);
	const data = Uint8Array.from({ length: 64 }, (_, index) => index);
	const run = object.programs.shorten.testRun({ data });
	t.is(run.returnValue, 3);
	t.deepEqual(run.data, data.subarray(0, 60));
	const timed = object.programs.sum.testRun({ data: packet, repeat: 1000 });
	t.true(timed.nanoseconds > 0 && timed.nanoseconds < 100_000);
	t.is(readNumber(object.maps[".bss"]), 1000n);
	// struct __sk_buff: `mark` is the third word and may be set.
	const context = new Uint8Array(192);
	context[8] = 99;
	t.is(object.programs.sum.testRun({ data: packet, context }).context[8], 99);
});

test("A test run that cannot be is said in one line", (t) => {
	using object = loadObject<Names>(spec);
	const { sum, connect4, shorten } = object.programs;
	t.throws(() => connect4.testRun(), {
		instanceOf: UnsupportedError,
		message: /no test run for type cgroup_sock_addr/,
	});
	t.throws(() => sum.testRun({ data: new Uint8Array(3) }), { code: "TEST_RUN", message: /14 bytes/ });
	t.throws(() => shorten.testRun({ data: packet, dataRoom: 10 }), { code: "TEST_RUN", message: /dataRoom/ });
});

test("Closing an object closes its programs and maps, and twice is fine", (t) => {
	const object = loadObject<Names>(spec);
	const { fd } = object.maps.table;
	t.true(existsSync(`/proc/self/fd/${fd}`));
	object.close();
	object.close();
	t.false(existsSync(`/proc/self/fd/${fd}`));
	t.throws(() => object.maps.table.fd, { code: "CLOSED" });
	t.throws(() => object.programs.sum.info(), { code: "CLOSED" });
});

test("Loading many times leaves no descriptor open, also where it fails", (t) => {
	const open = () => listOpen().length;
	loadObject<Names>(spec).close();
	const before = open();
	for (let round = 0; round < 20; round++) {
		loadObject<Names>(spec).close();
		t.throws(() => loadObject<Names>(spec, { maps: { table: { maxEntries: 0xffff_ffff } } }), {
			instanceOf: MapError,
		});
	}
	t.is(open(), before);
});

const listOpen = (): string[] => readdirSync("/proc/self/fd");

test("A map is pinned at its path, found there by the next load, and keeps what is in it", (t) => {
	const bpffs = makeBpffs(t);
	const options = { maps: { table: { pinPath: `${bpffs}/table` } } };
	const first = loadObject<Names>(spec, options);
	write(first.maps.table, 5);
	first.close();
	using second = loadObject<Names>(spec, options);
	t.is(second.maps.table.info.id, openId(`${bpffs}/table`));
	t.true(has(second.maps.table, 5));
	t.deepEqual(listPins(bpffs), [`${bpffs}/table`]);
	t.true(isBpffs(bpffs));
	t.true(unpin(`${bpffs}/table`));
	t.false(unpin(`${bpffs}/table`));
	t.deepEqual(listPins(bpffs), []);
	using third = loadObject<Names>(spec, options);
	t.false(has(third.maps.table, 5));
});

test("A map of another object is used in place of a new one and stays its owner's", (t) => {
	using owner = loadObject<Names>(spec);
	write(owner.maps.table, 9);
	const user = loadObject<Names>(spec, { maps: { table: { reuse: owner.maps.table } } });
	t.is(user.maps.table.info.id, owner.maps.table.info.id);
	user.close();
	t.true(has(owner.maps.table, 9));
});

test("Maps declared with LIBBPF_PIN_BY_NAME are pinned under pinRoot", (t) => {
	const bpffs = makeBpffs(t);
	const byName = openSpec(
		compileObject(`
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); __uint(pinning, LIBBPF_PIN_BY_NAME); } kept SEC(".maps");
SEC("tc") int prog(struct __sk_buff *c) { __u32 key = 0; return bpf_map_lookup_elem(&kept, &key) != 0; }`),
	);
	loadObject(byName, { pinRoot: bpffs }).close();
	t.deepEqual(listPins(bpffs), [`${bpffs}/kept`]);
});

test("A reused map of another layout gives both sizes, one of another kind its difference", (t) => {
	const bpffs = makeBpffs(t);
	const path = `${bpffs}/table`;
	const map = (fields: string) =>
		openSpec(
			compileObject(`
struct { ${fields} } table SEC(".maps");
SEC("tc") int prog(struct __sk_buff *c) { __u64 key[4] = {}; return bpf_map_lookup_elem(&table, key) != 0; }`),
		);
	const type = (name: string) => `__uint(type, BPF_MAP_TYPE_${name});`;
	const entries = "__uint(max_entries, 8);";
	const options = { maps: { table: { pinPath: path } } };
	loadObject(map(`${type("HASH")} ${entries} __type(key, __u32); __type(value, __u64);`), options).close();
	const longKey = map(`${type("HASH")} ${entries} __type(key, __u64); __type(value, __u64);`);
	const longValue = map(`${type("HASH")} ${entries} __type(key, __u32); __type(value, struct in6_addr);`);
	t.throws(() => loadObject(longKey, options), {
		instanceOf: LayoutError,
		message: /keys have 4 bytes, the object's have 8/,
	});
	const error = t.throws(() => loadObject(longValue, options), { instanceOf: LayoutError });
	t.like(error, { code: "LAYOUT", expected: 16, actual: 8 });
	const differing: [RegExp, string][] = [
		[/its type is hash, the object has lru_hash/, `${type("LRU_HASH")} ${entries}`],
		[/its max_entries is 8, the object has 9/, `${type("HASH")} __uint(max_entries, 9);`],
		[/its map_flags is 0, the object has 1/, `${type("HASH")} ${entries} __uint(map_flags, 1);`],
	];
	for (const [message, fields] of differing) {
		const other = map(`${fields} __type(key, __u32); __type(value, __u64);`);
		t.throws(() => loadObject(other, options), { instanceOf: MapError, code: "MAP_INCOMPATIBLE", message });
	}
	t.deepEqual(listPins(bpffs), [path]);
	const before = listOpen().length;
	t.throws(() => loadObject(longKey, options), { instanceOf: LayoutError });
	t.is(listOpen().length, before);
});

test("Pins open as what they are, and a path that is none says why", (t) => {
	const bpffs = makeBpffs(t);
	using object = loadObject<Names>(spec);
	object.maps.table.pin(`${bpffs}/map`);
	object.programs.sum.pin(`${bpffs}/program`);
	using map = openPinnedMap(`${bpffs}/map`);
	using program = openPinnedProgram(`${bpffs}/program`);
	t.is(map.info.id, object.maps.table.info.id);
	t.is(program.info().id, object.programs.sum.info().id);
	t.is(program.type, "sched_cls");
	const wrong: [code: string, use: () => unknown, message: RegExp][] = [
		["PIN_WRONG_KIND", () => openPinnedMap(`${bpffs}/program`), /a program is pinned there/],
		["PIN_WRONG_KIND", () => openPinnedProgram(`${bpffs}/map`), /a map is pinned there/],
		["PIN_WRONG_KIND", () => openPinnedLink(`${bpffs}/map`), /a map is pinned there/],
		["PIN_MISSING", () => openPinnedMap(`${bpffs}/none`), /nothing is pinned there/],
		["PIN_NOT_A_PIN", () => openPinnedMap("/etc/hostname"), /no pin/],
		["PIN_EXISTS", () => object.maps.table.pin(`${bpffs}/map`), /the path is taken/],
		["PIN_BAD_NAME", () => object.maps.table.pin(`${bpffs}/a.b`), /has a dot/],
		["PIN_DIRECTORY_MISSING", () => object.maps.table.pin(`${bpffs}/no/map`), /no does not exist.*mkdir/],
		["PIN_NOT_BPFFS", () => object.maps.table.pin("/tmp/map"), /not on a BPF file system: mount -t bpf/],
		["PIN_NOT_BPFFS", () => unpin("/etc/hostname"), /not on a BPF file system/],
	];
	for (const [code, use, message] of wrong)
		t.throws(use, { instanceOf: BpfError, code, message }, `${code} ${message}`);
	t.true(existsSync("/etc/hostname"));
});

test("A load whose pin fails leaves no other pin behind", (t) => {
	const bpffs = makeBpffs(t);
	const maps = { table: { pinPath: `${bpffs}/table` }, outer: { pinPath: "/tmp/outer" } };
	t.throws(() => loadObject<Names>(spec, { maps }), { code: "PIN_NOT_BPFFS" });
	t.deepEqual(listPins(bpffs), []);
});

test("RLIMIT_MEMLOCK stays as it was where the kernel does not count BPF memory against it", (t) => {
	const limit = () => /^Max locked memory.*$/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[0];
	const before = limit();
	loadObject<Names>(spec).close();
	t.is(limit(), before);
});

function write(map: BpfMap, key: number): void {
	kernelMapCalls.update(map.fd, bytesOf(key), new Uint8Array(map.valueSize), 0);
}

function has(map: BpfMap, key: number): boolean {
	return kernelMapCalls.lookup(map.fd, bytesOf(key), new Uint8Array(map.valueSize)) === 0;
}

const bytesOf = (key: number): Uint8Array => new Uint8Array(Uint32Array.of(key).buffer);

function openId(path: string): number {
	using map = openPinnedMap(path);
	return map.info.id;
}
