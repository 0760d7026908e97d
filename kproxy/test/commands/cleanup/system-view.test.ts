import { spawnSync } from "node:child_process";
import test from "ava";
import { systemView } from "../../../src/commands/cleanup/system-view.ts";

test("A program gets its input, and what it prints comes back", async (t) => {
	t.is(await systemView.run("cat", [], "a\nb\n"), "a\nb\n");
});

test("A program that says no is quoted, and one that is not there is named", async (t) => {
	await t.throwsAsync(systemView.run("sh", ["-c", "echo no >&2; exit 1"]), { message: /^sh -c .*: no$/ });
	await t.throwsAsync(systemView.run("no-such-program", []), { message: /^no-such-program: .*ENOENT/ });
});

test("A program that is not there keeps the process no longer", (t) => {
	const view = new URL("../../../src/commands/cleanup/system-view.ts", import.meta.url);
	const script = `import { systemView } from "${view}"; systemView.run("no-such-program", []).catch(() => {});`;
	const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { timeout: 20_000 });
	t.is(status, 0);
});

test("A file that is not there is no text", (t) => {
	t.is(systemView.read("/nowhere/at/all"), undefined);
});
