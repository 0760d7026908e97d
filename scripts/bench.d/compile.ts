import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { machine, tmpdir } from "node:os";
import { join } from "node:path";

/** The object that clang makes of a C file, always anew: what the file includes may have changed. */
export function compile(source: string): Uint8Array {
	const directory = mkdtempSync(join(tmpdir(), "kproxy-bench-"));
	try {
		const object = join(directory, "bench.bpf.o");
		// clang for BPF has no path of its own to <asm/types.h>.
		const include = `-I/usr/include/${machine()}-linux-gnu`;
		const flags = ["-target", "bpf", "-mcpu=v3", "-g", "-O2", "-Wall", "-Werror", include];
		execFileSync("clang", [...flags, "-c", source, "-o", object]);
		return readFileSync(object);
	} finally {
		rmSync(directory, { recursive: true });
	}
}
