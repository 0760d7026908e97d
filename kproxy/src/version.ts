import { readFileSync } from "node:fs";

/** Version of the kproxy package, as in `0.1.0`. */
export const version: string = readVersion();

function readVersion(): string {
	const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
	return (manifest as { version: string }).version;
}
