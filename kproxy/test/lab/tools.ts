import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./run.ts";

const PACKETS = fileURLToPath(new URL("packets.c", import.meta.url));
const SCTP = fileURLToPath(new URL("sctp.c", import.meta.url));

/** The program that captures and injects packets; the result is its path. */
export function buildPacketsTool(directory: string): string {
	return buildTool(PACKETS, directory);
}

/** The program that serves and dials over SCTP. */
export function buildSctpTool(directory: string): string {
	return buildTool(SCTP, directory);
}

/** Compiles a C file into a directory, or finds beside the source what was built elsewhere, for want of a C library. */
export function buildTool(source: string, directory: string): string {
	const prebuilt = source.replace(/\.c$/, "");
	if (existsSync(prebuilt)) return prebuilt;
	const path = join(directory, prebuilt.split("/").at(-1) ?? "tool");
	compileTool(source, path);
	return path;
}

/** Compiles a C file. */
export function compileTool(source: string, path: string): void {
	run("clang", ["-O1", "-Wall", "-Wextra", "-Werror", "-o", path, source]);
}
