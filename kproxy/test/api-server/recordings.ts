import { readFileSync } from "node:fs";

/** A recording, byte for byte. */
export function recording(name: string): string {
	return readFileSync(new URL(`recordings/${name}`, import.meta.url), "utf8");
}

/** The lines of a recorded watch. */
export function recordedLines(name: string): readonly string[] {
	return recording(name).trimEnd().split("\n");
}

/** JSON text without what differs from one run to the next. */
export function withoutIds(text: string): string {
	return text
		.replaceAll(/"uid":"[^"]*"/g, '"uid":"-"')
		.replaceAll(/"(creationTimestamp|time)":"[^"]*"/g, '"$1":"-"');
}
