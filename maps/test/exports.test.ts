import { readFileSync } from "node:fs";
import test from "ava";

/*
 * The public API: every name that `bpf-maps` exports. A change of the list is a change for users, to be made on purpose:
 * write the new list to exports.txt and say so in the changelog.
 */
test("The package exports the names in exports.txt", async (t) => {
	const names = Object.keys(await import("../src/index.ts")).sort();
	const listed = readFileSync(new URL("exports.txt", import.meta.url), "utf8")
		.trim()
		.split("\n");
	t.deepEqual(names, listed);
});
