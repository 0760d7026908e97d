/** The image that all guests have in common: busybox, the tools that tests call with their libraries, and Node. */
import { execFileSync } from "node:child_process";
import {
	cpSync,
	existsSync,
	lstatSync,
	mkdirSync,
	realpathSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { findLibrary, findProgram, librariesOf, linkChain } from "./find.ts";
import { pack } from "./squash.ts";
import { FILES, LIBRARIES, TOOLS } from "./tools.ts";

/** Where programs look for what Debian has moved into /usr. */
const LINKS = { bin: "usr/bin", sbin: "usr/sbin", lib: "usr/lib", lib64: "usr/lib64" };
/** Places that the guest mounts something at, or writes to. */
const DIRECTORIES = [
	"dev",
	"etc",
	"proc",
	"root",
	"run",
	"sys",
	"tmp",
	"usr/bin",
	"usr/sbin",
	"usr/lib",
	"usr/lib64",
];
/** Files of /etc, by name. */
export const ETC = {
	hostname: "guest\n",
	passwd: "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
	group: "root:x:0:\nnogroup:x:65534:\n",
	hosts: "127.0.0.1 localhost\n::1 localhost\n",
	"nsswitch.conf": "hosts: files\n",
};

/** Writes the image; the result is its path. Takes some seconds. */
export function makeBase(image: string): string {
	const root = `${image}.root`;
	rmSync(root, { recursive: true, force: true });
	for (const directory of DIRECTORIES) mkdirSync(join(root, directory), { recursive: true });
	for (const [link, target] of Object.entries(LINKS)) symlinkSync(target, join(root, link));
	for (const [name, text] of Object.entries(ETC)) writeFileSync(join(root, "etc", name), text);
	for (const path of pathsOfGuest()) copyInto(root, path);
	cpSync(realpathSync(process.execPath), join(root, "usr/bin/node"));
	installBusybox(root);
	pack(root, image);
	rmSync(root, { recursive: true });
	return image;
}

function pathsOfGuest(): Set<string> {
	const programs = TOOLS.map(({ name }) => programPath(name));
	const loaded = [...programs, process.execPath, ...LIBRARIES.map(findLibrary)];
	const libraries = loaded.flatMap((path) => librariesOf(path));
	const compilerHeaders = join(dirname(realpathSync(programPath("clang"))), "../lib/clang");
	const paths = [...programs, ...LIBRARIES.map(findLibrary), ...libraries, ...FILES, compilerHeaders];
	return new Set(paths.flatMap(linkChain));
}

function programPath(name: string): string {
	const path = findProgram(name);
	if (!path) throw new Error(`${name} is not here`);
	return path;
}

/** Copies a file, directory or link to the same path in the guest. */
function copyInto(root: string, path: string): void {
	const to = join(root, path);
	if (existsSync(to)) return;
	mkdirSync(dirname(to), { recursive: true });
	if (lstatSync(path).isSymbolicLink()) symlinkSync(realpathSync(path), to);
	else cpSync(path, to, { recursive: true, verbatimSymlinks: true });
}

/** Names of busybox for all that has no program of its own. */
function installBusybox(root: string): void {
	const busybox = programPath("busybox");
	cpSync(realpathSync(busybox), join(root, "usr/bin/busybox"));
	for (const name of execFileSync(busybox, ["--list"], { encoding: "utf8" }).split("\n").filter(Boolean)) {
		const [bin, sbin] = [join(root, "usr/bin", name), join(root, "usr/sbin", name)];
		if (!existsSync(bin) && !existsSync(sbin)) symlinkSync("/usr/bin/busybox", bin);
	}
	// Where the kernel looks when it wants a module.
	symlinkSync("/usr/bin/busybox", join(root, "usr/sbin/modprobe"));
}
