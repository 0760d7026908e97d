/** The image with the project as it stands in this checkout, built, under /kproxy. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { compileTool } from "../../kproxy/test/lab/tools.ts";
import { pack } from "./squash.ts";

/** What only builds and checks need: it is most of node_modules. */
const NOT_NEEDED = [
	"@biomejs",
	"@types",
	"@typescript",
	"node",
	"typescript",
	".cache/kproxy-tests",
	".cache/kproxy-lab",
];
/** Built, so git knows nothing of it. */
const BUILT = ["kproxy/objects", "loader/dist", "maps/dist", "kproxy/dist"];
/** C programs of the tests, which a guest could not link. */
const TOOLS = ["kproxy/test/lab/packets.c", "kproxy/test/lab/sctp.c", "kproxy/test/kernel/sock-client.c"];

/** Writes the image; the result is its path. `extra`: directories that go to a path in the guest as well. */
export function makeProject(
	checkout: string,
	image: string,
	extra: Readonly<Record<string, string>> = {},
): string {
	const root = `${image}.root`;
	const project = join(root, "kproxy");
	rmSync(root, { recursive: true, force: true });
	mkdirSync(project, { recursive: true });
	for (const path of [...sourceFiles(checkout), ...BUILT]) copy(join(checkout, path), join(project, path));
	for (const [to, from] of Object.entries(extra)) copy(from, join(root, to));
	for (const source of TOOLS) compileTool(join(checkout, source), join(project, source.replace(/\.c$/, "")));
	copyModules(join(checkout, "node_modules"), join(project, "node_modules"));
	pack(root, image);
	rmSync(root, { recursive: true });
	return image;
}

/** Everything that is committed or would be. */
function sourceFiles(checkout: string): string[] {
	const args = ["ls-files", "--cached", "--others", "--exclude-standard"];
	const listed = execFileSync("git", args, { cwd: checkout, encoding: "utf8", maxBuffer: 2 ** 26 });
	return listed.split("\n").filter((path) => path !== "" && existsSync(join(checkout, path)));
}

function copyModules(from: string, to: string): void {
	cpSync(from, to, {
		recursive: true,
		verbatimSymlinks: true,
		filter: (path) => !NOT_NEEDED.includes(relative(from, path)),
	});
}

function copy(from: string, to: string): void {
	mkdirSync(dirname(to), { recursive: true });
	cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}
