import { readFileSync } from "node:fs";
import test from "ava";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

/** The fenced blocks of the README in one language. */
const blocks = (language: string): string[] =>
	[...read("../README.md").matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map(
		([, code = ""]) => code,
	);

test("The README's TypeScript is what the compiler checks and the kernel tests run", (t) => {
	t.deepEqual(blocks("ts"), [read("kernel/readme-tables.ts"), read("kernel/readme-ring.ts")]);
});

test("The README's C is in the program that the kernel tests load", (t) => {
	const source = read("kernel/maps.bpf.c");
	const pieces = blocks("c").flatMap((block) => block.trim().split("\n\n/* …")[0]?.split("\n\n") ?? []);
	t.true(pieces.length >= 2);
	for (const piece of pieces) t.true(source.includes(piece), piece);
});

test("The README names every function that opens a map", async (t) => {
	const text = read("../README.md");
	const names = Object.keys(await import("../src/index.ts")).filter((name) => name.startsWith("open"));
	for (const name of names) t.true(text.includes(`\`${name}\``), name);
});
