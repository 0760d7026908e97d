import { readFileSync } from "node:fs";
import { configError } from "./config-error.ts";
import { type MappedConfig, mapConfig } from "./map-config.ts";
import { parseConfig } from "./parse-config.ts";

/** Reads a KubeProxyConfiguration file as `--config` names it. Throws BpfError `USAGE` with the file's name. */
export function readConfig(path: string): MappedConfig {
	const file = `--config ${path}`;
	let text: string;
	try {
		text = readFileSync(path, "utf8");
	} catch (error) {
		const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
		throw configError(file, missing ? "no such file" : `cannot be read: ${(error as Error).message}`);
	}
	return mapConfig(parseConfig(text, file), file);
}
