import test from "ava";
import { loadObject } from "../../src/index.ts";
import { compileSpec } from "../btf/compile.ts";

/** What bpf2ts writes for an object: its names as types. */
interface Names {
	programs: "prog";
	maps: "table";
	variables: "limit";
}

// tsc checks the lines marked here: without the mistake they would be errors of their own.
test("With generated names a misspelt program, map or variable does not compile", (t) => {
	const spec = compileSpec(`
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } table SEC(".maps");
const volatile __u32 limit = 1;
SEC("tc") int prog(struct __sk_buff *c) { __u32 key = limit; return bpf_map_lookup_elem(&table, &key) != 0; }`);
	using object = loadObject<Names>(spec, { variables: { limit: 0 }, maps: { table: { maxEntries: 2 } } });
	t.is(object.programs.prog.testRun({ data: new Uint8Array(64) }).returnValue, 1);
	t.is(object.maps.table.maxEntries, 2);
	// @ts-expect-error
	t.is(object.programs.prg, undefined);
	// @ts-expect-error
	t.is(object.maps.tabel, undefined);
	// @ts-expect-error
	t.throws(() => loadObject<Names>(spec, { variables: { limt: 1 } }), { code: "VARIABLE_UNKNOWN" });
	// @ts-expect-error
	t.throws(() => loadObject<Names>(spec, { maps: { tabel: {} } }), { code: "MAP_UNKNOWN" });
	// @ts-expect-error
	t.throws(() => loadObject<Names>(spec, { programs: { prg: {} } }), { code: "PROGRAM_UNKNOWN" });
});
