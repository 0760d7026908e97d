/** The initial RAM disk of one guest: it finds the images, puts them together and starts what is in them. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram } from "./find.ts";

/** Needed before any image is mounted, with what they depend on. */
const BOOT_MODULES = ["virtio_pci", "virtio_blk", "squashfs", "overlay"];
const INIT = fileURLToPath(new URL("../guest/boot.sh", import.meta.url));

/** Writes the RAM disk; the result is its path. `modules`: directory of the kernel's modules. */
export function makeInitrd(path: string, { modules }: { modules: string }): string {
	const root = `${path}.root`;
	rmSync(root, { recursive: true, force: true });
	for (const directory of ["bin", "dev", "proc", "sys", "modules"])
		mkdirSync(join(root, directory), { recursive: true });
	const busybox = findProgram("busybox") ?? "busybox";
	cpSync(realpathSync(busybox), join(root, "bin/busybox"));
	cpSync(INIT, join(root, "init"));
	const files = moduleFiles(modules, BOOT_MODULES);
	for (const file of files)
		cpSync(join(modules, file), join(root, "modules", file.split("/").at(-1) ?? file));
	writeFileSync(join(root, "modules/order"), files.map((file) => `${file.split("/").at(-1)}\n`).join(""));
	const paths = execFileSync("find", ["."], { cwd: root });
	const archive = execFileSync(busybox, ["cpio", "-o", "-H", "newc"], {
		cwd: root,
		input: paths,
		maxBuffer: 2 ** 28,
		stdio: ["pipe", "pipe", "ignore"],
	});
	writeFileSync(path, archive);
	rmSync(root, { recursive: true });
	return path;
}

/** Files of modules in the order to load them. What has none is taken to be built into the kernel. */
export function moduleFiles(modules: string, names: readonly string[]): string[] {
	const dependencies = new Map<string, string[]>();
	const fileOf = new Map<string, string>();
	for (const line of readFileSync(join(modules, "modules.dep"), "utf8").split("\n").filter(Boolean)) {
		const [file = "", needs = ""] = line.split(":");
		dependencies.set(file, needs.split(" ").filter(Boolean));
		fileOf.set(moduleName(file), file);
	}
	const ordered: string[] = [];
	const add = (file: string) => {
		if (ordered.includes(file)) return;
		// The last one listed is needed by those before it.
		for (const needed of [...(dependencies.get(file) ?? [])].reverse()) add(needed);
		ordered.push(file);
	};
	for (const name of names) {
		const file = fileOf.get(moduleName(name));
		if (file !== undefined) add(file);
	}
	return ordered;
}

const moduleName = (file: string) =>
	(file.split("/").at(-1) ?? file).replace(/\.ko(\.\w+)?$/, "").replaceAll("-", "_");
