import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./run.ts";

const SOURCE = fileURLToPath(new URL("packets.c", import.meta.url));
/** Where a machine without a compiler is given the program, built elsewhere. */
const PREBUILT = fileURLToPath(new URL("packets", import.meta.url));

/** Compiles `packets.c` into a directory, or finds it built; the result is the program's path. */
export function buildPacketsTool(directory: string): string {
	if (existsSync(PREBUILT)) return PREBUILT;
	const path = join(directory, "packets");
	run("clang", ["-O1", "-Wall", "-Wextra", "-Werror", "-o", path, SOURCE]);
	return path;
}
