import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type BpfObject, type LoadOptions, loadObject, type ObjectSpec, openSpec } from "bpf-loader";
import { compileCached } from "../../../loader/test/object-cache.ts";

/** What programs are test-run on: an empty Ethernet frame. */
export const PACKET = new Uint8Array(64);

const compiled = new Map<string, ObjectSpec>();

/** Loads what a C file of this directory compiles to. The caller closes it. */
export function loadC(name: string, options: LoadOptions = {}): BpfObject {
	const path = join(import.meta.dirname, name);
	const spec = compiled.get(path) ?? openSpec(compile(path), { name: "test" });
	compiled.set(path, spec);
	return loadObject(spec, options);
}

/** The object that clang makes of a C file; `more`: further flags. */
export function compile(source: string, more: readonly string[] = []): Uint8Array {
	return readFileSync(compileCached(readFileSync(source, "utf8"), { flags: ["-Wall", "-Werror", ...more] }));
}
