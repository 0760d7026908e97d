import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ObjectSpec } from "../../src/spec/object-spec.ts";
import { openSpec } from "../../src/spec/open-spec.ts";
import { compileCached } from "../object-cache.ts";

const directory = mkdtempSync(join(tmpdir(), "bpf2ts-test-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));

let count = 0;

/** A path for a new file in this process's own directory, which goes when the process ends. */
export function newPath(suffix: string): string {
	count += 1;
	return join(directory, `${count}${suffix}`);
}

/** Clang versions of this machine, oldest first: 14 is the oldest supported, later ones write newer BTF. */
export const compilers: readonly string[] = ["clang", "clang-16"].filter(
	(compiler) => spawnSync(compiler, ["--version"]).status === 0,
);

/** What every snippet may use. */
const prelude = `
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#define DOC(sentence) __attribute__((btf_decl_tag("doc:" sentence)))
#define DOC_OF(enumerator, sentence) __attribute__((btf_decl_tag("doc-of:" #enumerator ":" sentence)))
#define PACKED __attribute__((packed))
`;

/** Lines in front of a snippet, for those who count its lines. */
export const preludeLines = prelude.split("\n").length - 1;

/** Compiles C for BPF, behind the headers that snippets use; the path of the object. */
export function compileObject(source: string, compiler = "clang"): string {
	return compileCached(prelude + source, { compiler, flags: ["-w"] });
}

/** C for a hash map with this type of values. */
export function mapOf(valueType: string, name = "things"): string {
	return `struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, ${valueType});
} ${name} SEC(".maps")`;
}

/** Compiles and opens. */
export function compileSpec(source: string, compiler = "clang"): ObjectSpec {
	return openSpec(compileObject(source, compiler));
}
