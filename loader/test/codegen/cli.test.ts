import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import test from "ava";
import { runBpf2ts } from "../../src/codegen/cli.ts";
import { compileObject, mapOf, newPath } from "../btf/compile.ts";

const object = compileObject(`struct thing { int a; }; ${mapOf("struct thing")};`);
const pointers = compileObject(`struct thing { void *a; }; ${mapOf("struct thing")};`);

async function run(...argv: string[]) {
	let out = "";
	let error = "";
	const status = await runBpf2ts(argv, {
		out: (text) => {
			out += text;
		},
		error: (text) => {
			error += text;
		},
	});
	return { status, out, error };
}

test("prints the module, the same each time", async (t) => {
	const first = await run(object);
	t.is(first.status, 0);
	t.regex(first.out, /^\/\/ Written by bpf2ts from [0-9a-f]+\.bpf\.o\. Do not edit\.\nimport \{/);
	t.deepEqual(await run(object), first);
});

test("writes a file, and --check compares it", async (t) => {
	const file = newPath(".ts");
	const missing = await run(object, "-o", file, "--check");
	t.is(missing.status, 1);
	t.regex(missing.error, /there is no such file/);
	t.false(existsSync(file));

	t.deepEqual(await run(object, "--output", file), { status: 0, out: "", error: "" });
	t.deepEqual(await run(object, "-o", file, "--check"), { status: 0, out: "", error: "" });

	const edited = readFileSync(file, "utf8").replace("a: number;", "b: number;");
	writeFileSync(file, edited);
	const differs = await run(object, "-o", file, "--check");
	t.is(differs.status, 1);
	t.regex(differs.error, /first in line \d+:\n-\tb: number;\n\+\ta: number;\n/);
	t.is(readFileSync(file, "utf8"), edited);
});

test("imports the codecs from another module when told to", async (t) => {
	t.regex((await run(object, "--import", "./codecs.ts")).out, /from "\.\/codecs\.ts";/);
});

const mistakes: [title: string, argv: string[], status: 1 | 2, message: RegExp][] = [
	["no object", [], 2, /OBJECT is missing; bpf2ts --help/],
	["an unknown option", [object, "--bogus"], 2, /Unknown argument: bogus/],
	["--check without a file", [object, "--check"], 2, /--check needs -o FILE/],
	["two output files", [object, "-o", "a", "-o", "b"], 2, /--output is given twice/],
	["an object that is not there", ["/nowhere/x.o"], 1, /^bpf2ts: \/nowhere\/x\.o: no such file/],
	["a file that is no object", [fileURLToPath(import.meta.url)], 1, /cli\.test\.ts is not an ELF file/],
	[
		"a directory that is not there",
		[object, "-o", "/nowhere/x.ts"],
		1,
		/\/nowhere\/x\.ts cannot be written: ENOENT/,
	],
	[
		"an enum that is not there",
		[object, "--enum", "reason"],
		1,
		/enum reason: the object's BTF has no such type/,
	],
	[
		"a pointer in a map",
		[pointers],
		1,
		/\.bpf\.o: thing\.a: it is a pointer.*\(use an integer in its place\)/,
	],
];

for (const [title, argv, status, message] of mistakes) {
	test(`refuses ${title} in one line`, async (t) => {
		const result = await run(...argv);
		t.is(result.status, status);
		t.regex(result.error, message);
		t.is(result.error.trimEnd().split("\n").length, 1);
		t.is(result.out, "");
	});
}

test("the bin has help with an example, and a version", (t) => {
	const bin = fileURLToPath(new URL("../../bin/bpf2ts.js", import.meta.url));
	const print = (option: string) => execFileSync(process.execPath, [bin, option], { encoding: "utf8" });
	t.regex(print("--help"), /bpf2ts lb\.bpf\.o -o src\/generated\/lb\.ts/);
	t.regex(print("--version"), /^\d+\.\d+\.\d+\n$/);
});
