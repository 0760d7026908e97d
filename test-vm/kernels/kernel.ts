import { closeSync, existsSync, openSync, readdirSync, readSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** A kernel that can be booted. */
export interface Kernel {
	/** As it is called on the command line and in tables: `6.1`. */
	name: string;
	/** As uname says it: `6.1.0-50-cloud-amd64`. */
	release: string;
	/** Path of the bzImage. */
	image: string;
	/** The directory that is to be /lib/modules/RELEASE. */
	modules: string;
}

/** Places of the boot protocol's header: Documentation/arch/x86/boot.rst. */
const MAGIC = { offset: 0x202, text: "HdrS" };
const VERSION_POINTER = 0x20e;
const VERSION_BASE = 0x200;
const HEADER_BYTES = 64 * 1024;

/** A kernel file on this machine, and its modules: from a directory that is given, or where a package has put them. */
export function kernelFromPath(path: string, modules?: string): Kernel {
	const image = resolve(path);
	if (!existsSync(image)) throw new Error(`no kernel at ${path}`);
	const release = readRelease(image);
	const places = [
		...(modules === undefined
			? []
			: [modules, join(modules, release), join(modules, "lib/modules", release)]),
		...(modules === undefined ? [dirname(image), join(dirname(image), "lib/modules", release)] : []),
		...(modules === undefined
			? [join(dirname(image), "../lib/modules", release), join("/lib/modules", release)]
			: []),
	];
	const found = places.find((place) => existsSync(join(place, "modules.dep")));
	if (!found) {
		throw new Error(
			`no modules of ${release} in ${places.join(", ")}: give their directory by --modules, and run depmod in it`,
		);
	}
	return { name: release.split("-")[0] ?? release, release, image, modules: found };
}

/** What `uname -r` will say, from the header of a bzImage. */
export function readRelease(image: string): string {
	const header = Buffer.alloc(HEADER_BYTES);
	const file = openSync(image, "r");
	try {
		readSync(file, header, 0, HEADER_BYTES, 0);
	} finally {
		closeSync(file);
	}
	const isKernel = header.toString("latin1", MAGIC.offset, MAGIC.offset + 4) === MAGIC.text;
	const start = VERSION_BASE + header.readUInt16LE(VERSION_POINTER);
	const release = header.toString("latin1", start, start + 128).split(/[ \0]/)[0];
	if (!isKernel || !release) throw new Error(`${image} is no bzImage of Linux for x86`);
	return release;
}

/** A kernel as it was unpacked into a directory, or undefined where it was not. */
export function kernelIn(directory: string, name: string): Kernel | undefined {
	const image = join(directory, "vmlinuz");
	const root = join(directory, "lib/modules");
	if (!existsSync(image) || !existsSync(root)) return undefined;
	const [release] = readdirSync(root);
	return release === undefined ? undefined : { name, release, image, modules: join(root, release) };
}
