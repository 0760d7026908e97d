import { fileURLToPath } from "node:url";
import test from "ava";
import { avaCommand, jobsFor, kernelTests } from "../../matrix/files.ts";

const FILES = ["loader/a.test.ts", "maps/b.test.ts", "kproxy/c.test.ts"];
const texts: Record<string, string> = { "maps/b.test.ts": "a full map", "kproxy/c.test.ts": "a full queue" };
const read = ((file: string) => texts[file] ?? "") as never;

test("without a text all files are run whole", (t) => {
	t.deepEqual(jobsFor(FILES, []), [{ file: FILES[0] }, { file: FILES[1] }, { file: FILES[2] }]);
});

test("a text picks files by their path, else tests by their title; several texts pick more", (t) => {
	t.deepEqual(jobsFor(FILES, ["maps/"], read), [{ file: "maps/b.test.ts" }]);
	t.deepEqual(jobsFor(FILES, ["a full"], read), [
		{ file: "maps/b.test.ts", match: "*a full*" },
		{ file: "kproxy/c.test.ts", match: "*a full*" },
	]);
	t.deepEqual(jobsFor(FILES, ["loader/", "queue"], read), [
		{ file: "loader/a.test.ts" },
		{ file: "kproxy/c.test.ts", match: "*queue*" },
	]);
	t.deepEqual(jobsFor(FILES, ["nothing has this"], read), []);
});

test("ava gets the file, and the titles where they are picked", (t) => {
	t.deepEqual(avaCommand({ file: "a" }).slice(-2), ["--tap", "a"]);
	t.deepEqual(avaCommand({ file: "a", match: "*x*" }).slice(-3), ["--match", "*x*", "a"]);
});

test("packages are tested in the order in which they are built on each other, without tests of the tests", (t) => {
	const files = kernelTests(fileURLToPath(new URL("../../..", import.meta.url)));
	const packages = files.map((file) => file.split("/")[0]);
	t.deepEqual([...new Set(packages)], ["loader", "maps", "kproxy", "test-vm"]);
	t.false(files.some((file) => file.includes("planted-bugs")));
	t.true(files.length > 50);
});
