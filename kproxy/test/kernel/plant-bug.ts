/** Bugs in a copy of the sources, for tests that have to find them. */
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCES = fileURLToPath(new URL("../../../bpf", import.meta.url));

/** Some source of a file, which is there once, and what stands in its place. */
export interface PlantedBug {
	title: string;
	file: string;
	from: string;
	to: string;
}

/** Copies sources and puts the bug into them. Throws where what is to change is not there exactly once. */
export function copyWithBug({ file, from, to }: PlantedBug, sources: string, directory: string): void {
	cpSync(sources, directory, { recursive: true });
	const path = join(directory, file);
	const parts = readFileSync(path, "utf8").split(from);
	if (parts.length !== 2)
		throw new Error(`${file} has the source of this bug ${parts.length - 1} times: ${from}`);
	writeFileSync(path, parts.join(to));
}

/** The path of an object that is compiled of bpf/ with the bug in it. */
export function plantBug(bug: PlantedBug, directory: string): string {
	copyWithBug(bug, SOURCES, directory);
	const object = join(directory, "tc.bpf.o");
	const headers = `/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
	execFileSync("clang", [
		"-g",
		"-O2",
		"-target",
		"bpf",
		"-mcpu=v3",
		"-idirafter",
		headers,
		"-c",
		join(directory, "tc.bpf.c"),
		"-o",
		object,
	]);
	return object;
}
