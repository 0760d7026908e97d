import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { machine, tmpdir } from "node:os";
import { join } from "node:path";
import { type BpfObject, type LoadOptions, loadObject, type ObjectSpec, openSpec } from "bpf-loader";

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
	const directory = mkdtempSync(join(tmpdir(), "bpf-maps-test-"));
	try {
		const object = join(directory, "test.bpf.o");
		// clang for BPF has no path of its own to <asm/types.h>.
		const include = `-I/usr/include/${machine()}-linux-gnu`;
		const flags = ["-target", "bpf", "-g", "-O2", "-Wall", "-Werror", include, ...more];
		execFileSync("clang", [...flags, "-c", source, "-o", object]);
		return readFileSync(object);
	} finally {
		rmSync(directory, { recursive: true });
	}
}
