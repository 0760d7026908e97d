import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, rmSync, statSync } from "node:fs";
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

/** The image of tools in the cache; made again after a day, since the machine's programs may have changed. */
export function baseImage(cache: string, say: (line: string) => void): string {
	const contents = createHash("sha256")
		.update(JSON.stringify([TOOLS, FILES, LIBRARIES, ETC]))
		.digest("hex");
	const image = join(cache, `base-${contents.slice(0, 12)}.squashfs`);
	const dayMs = 24 * 3600 * 1000;
	if (existsSync(image) && Date.now() - statSync(image).mtimeMs < dayMs) return image;
	say("making the image of tools");
	mkdirSync(cache, { recursive: true });
	return makeBase(image);
}

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
