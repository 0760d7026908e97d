/** Where programs and libraries lie on this machine. */
import { execFileSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Tool } from "./tools.ts";

const DIRECTORIES = [...(process.env.PATH ?? "").split(":"), "/usr/bin", "/usr/sbin"].filter(
	(directory) => !directory.includes("node_modules"),
);

/** The tools that are not here. */
export function missingTools(tools: readonly Tool[]): readonly Tool[] {
	return tools.filter(({ name }) => findProgram(name) === undefined);
}

/** One line that says what to install, or nothing. */
export function adviseOn(missing: readonly Tool[]): string | undefined {
	if (missing.length === 0) return undefined;
	const packages = [...new Set(missing.map((tool) => tool.package))].join(" ");
	return `${missing.map(({ name }) => name).join(", ")} not found: apt-get install ${packages}`;
}

/** The path by which a program is called; clang and its like also by a name with a version, as in `clang-16`. */
export function findProgram(name: string): string | undefined {
	return DIRECTORIES.map((directory) => join(directory, name)).find((path) => existsSync(path));
}

/** The shared objects that a program or library loads, by the paths that the loader finds them at. */
export function librariesOf(path: string): string[] {
	const listed = execFileSync("ldd", [path], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
	return [...listed.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].map(([, library = ""]) => library);
}

/** A library that programs load by its name alone. */
export function findLibrary(name: string): string {
	const cache = execFileSync("/sbin/ldconfig", ["-p"], { encoding: "utf8" });
	const line = cache.split("\n").find((line) => line.trim().startsWith(`${name} `));
	const path = line?.split(" => ")[1];
	if (!path) throw new Error(`no library ${name} here: run scripts/setup`);
	return path;
}

/** A path, and what it and its directory are links to: all of them have to be in a guest. */
export function linkChain(path: string): string[] {
	const real = realpathSync(path);
	const inRealDirectory = join(realpathSync(dirname(path)), path.slice(dirname(path).length + 1));
	return [...new Set([inRealDirectory, real])];
}
