/** Modules as busybox loads them: without compression. */
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Run } from "./apt.ts";
import type { Kernel } from "./kernel.ts";

/** How a distribution packs modules, what unpacks them in place, and the package that brings that. */
const FORMATS = [
	{ ending: ".ko.xz", program: "xz", args: ["--decompress"], package: "xz-utils" },
	{ ending: ".ko.gz", program: "gzip", args: ["--decompress"], package: "gzip" },
	{ ending: ".ko.zst", program: "zstd", args: ["--decompress", "--quiet", "--rm"], package: "zstd" },
] as const;
/** So that a command line has room for them. */
const AT_A_TIME = 100;

/** Unpacks all modules below `lib/modules/RELEASE` of a directory, and lists them anew. Rejects with one line. */
export async function unpackModules(root: string, release: string, run: Run): Promise<void> {
	const modules = join(root, "lib/modules", release);
	const files = readdirSync(modules, { recursive: true, encoding: "utf8" });
	for (const format of FORMATS) {
		const packed = files.filter((path) => path.endsWith(format.ending)).map((path) => join(modules, path));
		for (let first = 0; first < packed.length; first += AT_A_TIME)
			await unpack(format, packed.slice(first, first + AT_A_TIME), run);
	}
	await run("busybox", ["depmod", "-b", root, release]);
}

async function unpack(format: (typeof FORMATS)[number], paths: readonly string[], run: Run): Promise<void> {
	try {
		await run(format.program, [...format.args, ...paths]);
	} catch (cause) {
		if (!/ENOENT/.test((cause as Error).message)) throw cause;
		throw new Error(
			`modules end in ${format.ending}, and ${format.program} is not here: apt-get install ${format.package}`,
			{ cause },
		);
	}
}

/** The kernel as it is, or with a copy of its modules below `directory` where they are packed. */
export async function withPlainModules(kernel: Kernel, directory: string, run: Run): Promise<Kernel> {
	const files = readdirSync(kernel.modules, { recursive: true, encoding: "utf8" });
	if (!files.some((path) => FORMATS.some(({ ending }) => path.endsWith(ending)))) return kernel;
	const modules = join(directory, "lib/modules", kernel.release);
	cpSync(kernel.modules, modules, { recursive: true });
	await unpackModules(directory, kernel.release, run);
	return { ...kernel, modules };
}
