import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Kind } from "../../model/objects.ts";
import { type Manifest, type ManifestProblem, parseManifest } from "./parse-manifest.ts";

/** A file as last read. */
export interface ScannedFile {
	/** Changes when the content may have. */
	stamp: string;
	manifest: Manifest;
}

/** How files are read. */
interface Reading {
	intern: (text: string) => string;
	/** Other objects are left out quietly. */
	kinds: readonly Kind[];
}

/** Larger files are no manifests. */
const SIZE_LIMIT_BYTES = 64 * 1024 * 1024;
const MANIFEST_NAME = /^[^.].*\.(yaml|yml|json)$/;

/**
 * Reads the manifests of a directory (not of those inside it), by path. Only files whose time, size or inode changed
 * since `before` are read again. Throws what `readdir` does; a file that cannot be read is a problem of its own.
 */
export async function scanDirectory(
	directory: string,
	{ before, ...how }: { before: ReadonlyMap<string, ScannedFile> } & Reading,
): Promise<ReadonlyMap<string, ScannedFile>> {
	const names = (await readdir(directory)).filter((name) => MANIFEST_NAME.test(name)).sort();
	const files = new Map<string, ScannedFile>();
	for (const name of names) {
		const path = join(directory, name);
		const file = await scanFile(path, { before: before.get(path), ...how });
		if (file !== undefined) files.set(path, file);
	}
	return files;
}

async function scanFile(
	path: string,
	{ before, ...how }: { before: ScannedFile | undefined } & Reading,
): Promise<ScannedFile | undefined> {
	try {
		const facts = await stat(path, { bigint: true });
		if (facts.isDirectory()) return undefined;
		if (!facts.isFile()) return unreadable("not a regular file", before);
		const stamp = `${facts.dev} ${facts.ino} ${facts.mtimeNs} ${facts.ctimeNs} ${facts.size}`;
		if (stamp === before?.stamp) return before;
		if (facts.size > SIZE_LIMIT_BYTES) return unreadable("larger than 64 MB, which is no manifest", before);
		const text = decodeText(await readFile(path));
		if (text === undefined) return unreadable("not UTF-8 text", before);
		const manifest = parseManifest(text, {
			json: path.endsWith(".json"),
			previous: before?.manifest,
			...how,
		});
		return { stamp, manifest };
	} catch (error) {
		const code = error instanceof Error && "code" in error ? error.code : undefined;
		if (code === undefined) throw error;
		// Gone since the directory was read; a link to nowhere looks the same, and says so.
		if (code === "ENOENT" && before === undefined)
			return unreadable("a link to a file that does not exist", before);
		return unreadable(
			code === "ENOENT" ? "it vanished while it was read" : `cannot be read (${String(code)})`,
			before,
		);
	}
}

/** What the file held before stays; the stamp is empty, so it is tried again. */
function unreadable(why: string, before: ScannedFile | undefined): ScannedFile {
	const entries = before?.manifest.entries ?? new Map();
	const kept = entries.size > 0 ? "; what this file held before keeps serving" : "";
	const problem: ManifestProblem = { line: 1, message: `${why}${kept}` };
	return { stamp: "", manifest: { entries, problems: [problem] } };
}

function decodeText(bytes: Uint8Array): string | undefined {
	try {
		return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
	} catch {
		return undefined;
	}
}
