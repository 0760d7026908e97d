import type { ApiObject } from "../../model/objects.ts";
import type { Manifest } from "./parse-manifest.ts";

/** What a directory of manifests says. */
export interface MergedManifests {
	/** By key, as in `Service shop/web`. */
	objects: ReadonlyMap<string, ApiObject>;
	/** One line each, with file and line. */
	problems: readonly string[];
}

/** The files as one: where two have the same object, the first counts, by file name and then by line. */
export function mergeManifests(files: ReadonlyMap<string, Manifest>): MergedManifests {
	const objects = new Map<string, ApiObject>();
	const places = new Map<string, string>();
	const problems: string[] = [];
	for (const file of [...files.keys()].sort()) {
		const manifest = files.get(file) as Manifest;
		for (const { line, message } of manifest.problems) problems.push(`${file}:${line}: ${message}`);
		for (const [key, { object, line }] of manifest.entries) {
			const place = `${file}:${line}`;
			const first = places.get(key);
			if (first === undefined) {
				places.set(key, place);
				objects.set(key, object);
			} else {
				problems.push(`${place}: ${key} is in ${first} too; the one from ${first} is used: remove one`);
			}
		}
	}
	return { objects, problems };
}
