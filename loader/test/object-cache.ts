import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { machine } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Kept between runs, and taken into virtual machines, where clang takes half a minute. */
const CACHE = fileURLToPath(new URL("../../node_modules/.cache/kproxy-objects", import.meta.url));

/** clang for BPF has no path of its own to <asm/types.h>. */
const FLAGS = ["-target", "bpf", "-g", "-O2", `-I/usr/include/${machine()}-linux-gnu`];

/** The path of the object that clang makes of C; made once for each source, compiler and flags. Throws as clang fails. */
export function compileCached(
	source: string,
	{ compiler = "clang", flags = [] as readonly string[] } = {},
): string {
	const what = JSON.stringify([realCompiler(compiler), FLAGS, flags, source]);
	const object = join(CACHE, `${createHash("sha256").update(what).digest("hex").slice(0, 32)}.bpf.o`);
	if (existsSync(object)) return object;
	mkdirSync(CACHE, { recursive: true });
	const directory = mkdtempSync(join(CACHE, "unfinished-"));
	try {
		const [input, output] = [join(directory, "test.bpf.c"), join(directory, "test.bpf.o")];
		writeFileSync(input, source);
		execFileSync(compiler, [...FLAGS, ...flags, "-c", input, "-o", output]);
		renameSync(output, object);
	} finally {
		rmSync(directory, { recursive: true });
	}
	return object;
}

/** The file behind a compiler's name: it has the version in its path. */
function realCompiler(name: string): string {
	const paths = (process.env.PATH ?? "").split(delimiter).map((directory) => join(directory, name));
	const found = paths.find((path) => existsSync(path));
	return found === undefined ? name : realpathSync(found);
}
