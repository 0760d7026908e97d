import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Run, runProgram, Suite } from "./apt.ts";
import { type Kernel, kernelIn } from "./kernel.ts";
import type { KernelEntry } from "./list.ts";
import { unpackModules } from "./unpack.ts";

/** A kernel that is not in the cache and cannot be had. The message is one line. */
export class KernelUnavailable extends Error {
	readonly kernel: KernelEntry;

	constructor(kernel: KernelEntry, cause: Error) {
		const { name, suite } = kernel;
		super(`kernel ${name} is not in the cache, and ${suite} cannot give it: ${cause.message}`, { cause });
		this.kernel = kernel;
	}
}

export interface FetchOptions {
	cache: string;
	/** Told what takes long. */
	say: (line: string) => void;
	run?: Run;
}

/** Where kernels and images are kept between runs. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
	const base = env.XDG_CACHE_HOME ?? join(env.HOME ?? homedir(), ".cache");
	return env.KPROXY_VM_CACHE ?? join(base, "kproxy/test-vm");
}

/** The kernel, from the cache if it is there: then nothing is asked of any network. Rejects with KernelUnavailable. */
export async function fetchKernel(entry: KernelEntry, options: FetchOptions): Promise<Kernel> {
	const directory = join(options.cache, "kernels", entry.name);
	const cached = kernelIn(directory, entry.name);
	if (cached) return cached;
	const unfinished = `${directory}.${process.pid}`;
	try {
		const files = await download(entry, unfinished, options);
		rmSync(directory, { recursive: true, force: true });
		renameSync(files, directory);
	} catch (error) {
		throw new KernelUnavailable(entry, error as Error);
	} finally {
		rmSync(unfinished, { recursive: true, force: true });
	}
	const kernel = kernelIn(directory, entry.name);
	if (!kernel?.release.startsWith(`${entry.name}.`)) {
		rmSync(directory, { recursive: true, force: true });
		throw new KernelUnavailable(
			entry,
			new Error(`it has ${kernel?.release ?? "no kernel"}: change kernels.json`),
		);
	}
	return kernel;
}

/** Downloads and unpacks; the result is the directory that has vmlinuz and lib/modules. */
async function download(entry: KernelEntry, directory: string, options: FetchOptions): Promise<string> {
	const { cache, say, run = runProgram } = options;
	const [packages, files] = [join(directory, "packages"), join(directory, "files")];
	for (const path of [packages, files]) mkdirSync(path, { recursive: true });
	const suite = new Suite(join(cache, "apt", entry.suite), entry.suite, run);
	say(`kernel ${entry.name}: reading the package lists of ${entry.suite}`);
	await suite.update();
	const names = await suite.kernelPackages(entry.package);
	say(`kernel ${entry.name}: downloading ${names.join(" ")}`);
	await suite.download(names, packages);
	const unpacked = join(directory, "unpacked");
	for (const file of readdirSync(packages)) await run("dpkg-deb", ["-x", join(packages, file), unpacked]);
	await arrange(unpacked, files, run);
	return files;
}

/** From where packages put it: the kernel lies in boot, or since 7.2 beside its modules. */
async function arrange(unpacked: string, files: string, run: Run): Promise<void> {
	const modules = ["lib/modules", "usr/lib/modules"].map((path) => join(unpacked, path)).find(existsSync);
	const release = modules && readdirSync(modules)[0];
	if (!modules || release === undefined) throw new Error("its packages have no modules");
	const images = [join(unpacked, "boot", `vmlinuz-${release}`), join(modules, release, "vmlinuz")];
	const image = images.find(existsSync);
	if (!image) throw new Error("its packages have no kernel");
	cpSync(image, join(files, "vmlinuz"));
	mkdirSync(join(files, "lib"));
	renameSync(modules, join(files, "lib/modules"));
	await unpackModules(files, release, run);
}
