import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { tryPrograms } from "../../guest/support/programs.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const source = "test-vm/bpf/refused.bpf.c";

test("A program that the verifier refuses gives one line with kernel, program, C file and line; the others load", (t) => {
	const directory = mkdtempSync(join(tmpdir(), "kproxy-support-"));
	t.teardown(() => rmSync(directory, { recursive: true }));
	execFileSync("scripts/build-bpf", ["--out", directory, source], { cwd: root });
	const answers = tryPrograms(directory);
	t.deepEqual(Object.keys(answers), ["refused.bpf.o good", "refused.bpf.o reads_past_end"]);
	const good = answers["refused.bpf.o good"];
	t.true(good !== undefined && "loads" in good && good.instructions >= 2);
	const lines = readFileSync(join(root, source), "utf8").split("\n");
	const at = `refused.bpf.c:${lines.findIndex((line) => line.includes("return data[14]")) + 1}`;
	t.like(answers["refused.bpf.o reads_past_end"], { refused: "EACCES", at });
	const { line = "" } = answers["refused.bpf.o reads_past_end"] as { line?: string };
	t.false(line.includes("\n"));
	const start = `kernel ${release()}, refused.bpf.o: the verifier refuses program reads_past_end at ${at} `;
	t.is(line.slice(0, start.length), start);
	t.regex(line, /invalid access to packet/);
});
