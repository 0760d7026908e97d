import { readFileSync } from "node:fs";
import test from "ava";
import { parseBtf } from "../../src/index.ts";
import { kernelNames } from "../../src/kernel-names.ts";
import { type HelperName, helperNumber } from "../../src/probe/helper-names.ts";

const kernelBtf = parseBtf(readFileSync("/sys/kernel/btf/vmlinux"));

const tables = [
	["programTypes", "bpf_prog_type", "BPF_PROG_TYPE_"],
	["mapTypes", "bpf_map_type", "BPF_MAP_TYPE_"],
	["attachTypes", "bpf_attach_type", "BPF_"],
	["linkTypes", "bpf_link_type", "BPF_LINK_TYPE_"],
] as const;

/** Enumerators of the running kernel, by their name in lower case without the prefix. */
function enumerators(name: string, prefix: string): Map<string, number> {
	const type = kernelBtf.types.find((each) => each.kind === "enum" && each.name === name);
	const values = type?.kind === "enum" ? type.values : [];
	return new Map(values.map((each) => [each.name.replace(prefix, "").toLowerCase(), Number(each.value)]));
}

for (const [table, name, prefix] of tables) {
	test(`Our numbers of ${table} are those of the running kernel`, (t) => {
		const kernel = enumerators(name, prefix);
		t.true(kernel.size > 5);
		const ours = kernelNames[table].map((each, number) => [each, number] as const);
		// An older kernel lacks the last names.
		const known = ours.filter(([each]) => kernel.has(each));
		t.deepEqual(
			known.map(([each]) => [each, kernel.get(each)]),
			known.map(([each, number]) => [each, number]),
		);
		const newest = Math.max(...known.map(([, number]) => number));
		t.is(known.length, newest + 1, "no gaps");
	});
}

test("Our numbers of helpers are those of the running kernel", (t) => {
	const kernel = enumerators("bpf_func_id", "BPF_FUNC_");
	kernel.delete("__max_id");
	t.true(kernel.size > 150);
	for (const [name, number] of kernel) t.is(helperNumber(name as HelperName), number, name);
});
