/** Bugs in a copy of bpf/, for tests that have to find them. */
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCES = fileURLToPath(new URL("../../../bpf", import.meta.url));

/** Some source of a file of bpf/, which is there once, and what stands in its place. */
export interface PlantedBug {
	title: string;
	file: string;
	from: string;
	to: string;
}

/** The path of an object with the bug in it. Throws where the source to change is not there exactly once. */
export function plantBug({ file, from, to }: PlantedBug, directory: string): string {
	cpSync(SOURCES, directory, { recursive: true });
	const path = join(directory, file);
	const parts = readFileSync(path, "utf8").split(from);
	if (parts.length !== 2)
		throw new Error(`${file} has the source of this bug ${parts.length - 1} times: ${from}`);
	writeFileSync(path, parts.join(to));
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
