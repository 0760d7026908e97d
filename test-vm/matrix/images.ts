import { createHash } from "node:crypto";
import { cpSync, globSync, mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { ETC, makeBase } from "../image/base.ts";
import { makeInitrd } from "../image/initrd.ts";
import { pack } from "../image/squash.ts";
import { FILES, LIBRARIES, TOOLS } from "../image/tools.ts";
import type { Kernel } from "../kernels/kernel.ts";
import type { GuestImages } from "../machine/qemu.ts";

/** What every guest has, whatever its kernel. */
export interface CommonImages {
	base: string;
	project: string;
}

/** The image of tools in the cache; made again after a day, since the machine's programs may have changed; older ones go. */
export function baseImage(cache: string, say: (line: string) => void): string {
	const contents = createHash("sha256")
		.update(JSON.stringify([TOOLS, FILES, LIBRARIES, ETC]))
		.digest("hex");
	const image = join(cache, `base-${contents.slice(0, 12)}.squashfs`);
	if (isFresh(image)) return image;
	say("making the image of tools");
	mkdirSync(cache, { recursive: true });
	for (const name of globSync("base*.squashfs", { cwd: cache }))
		if (!isFresh(join(cache, name))) rmSync(join(cache, name), { force: true });
	return makeBase(image);
}

const DAY_MS = 24 * 3600 * 1000;
const isFresh = (image: string): boolean =>
	Date.now() - (statSync(image, { throwIfNoEntry: false })?.mtimeMs ?? 0) < DAY_MS;

/** RAM disk and modules of a kernel, in a directory of this run; with the images that all guests share. */
export function imagesOf(kernel: Kernel, common: CommonImages, directory: string): GuestImages {
	const initrd = makeInitrd(join(directory, `${kernel.name}.initrd`), kernel);
	const root = join(directory, `${kernel.name}.modules`);
	cpSync(kernel.modules, join(root, "usr/lib/modules", kernel.release), { recursive: true });
	const modules = join(directory, `${kernel.name}.squashfs`);
	pack(root, modules);
	rmSync(root, { recursive: true });
	return { kernel, initrd, disks: [common.base, modules, common.project] };
}
