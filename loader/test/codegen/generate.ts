import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type Codec, generateModule } from "../../src/index.ts";
import type { ObjectSpec } from "../../src/spec/object-spec.ts";
import { newPath } from "../btf/compile.ts";

/** The exports of a generated module. */
export type GeneratedModule = Readonly<Record<string, unknown>>;

/** Writes the module for an object and imports it, on top of this package's source. */
export async function importGenerated(spec: ObjectSpec): Promise<GeneratedModule> {
	const path = newPath(".ts");
	const importFrom = new URL("../../src/index.ts", import.meta.url).href;
	writeFileSync(path, generateModule(spec, { source: "test.bpf.o", importFrom }));
	return await import(pathToFileURL(path).href);
}

/** What a codec writes, over bytes that are not zero before. */
export function encode(codec: Codec<unknown>, value: unknown): Uint8Array {
	const bytes = new Uint8Array(codec.size).fill(0xee);
	codec.encode(value, viewOf(bytes), 0);
	return bytes;
}

export const viewOf = (bytes: Uint8Array): DataView =>
	new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
