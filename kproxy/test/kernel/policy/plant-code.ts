import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { copyWithBug, type PlantedBug } from "../plant-bug.ts";
import type { PolicyCode } from "./writer.ts";

const SOURCES = fileURLToPath(new URL("../../../src", import.meta.url));
const PACKAGES = fileURLToPath(new URL("../../../../node_modules", import.meta.url));

/** What plans and writes policy, out of a copy of kproxy/src with the bug in it. */
export async function plantCode(bug: PlantedBug, directory: string): Promise<PolicyCode> {
	const copy = join(directory, "src");
	copyWithBug(bug, SOURCES, copy);
	symlinkSync(PACKAGES, join(directory, "node_modules"));
	writeFileSync(join(directory, "package.json"), '{"type": "module"}');
	const load = (file: string) => import(pathToFileURL(join(copy, file)).href);
	return { ...(await load("dataplane/policy-sync.ts")), ...(await load("plan/policy/planner.ts")) };
}
