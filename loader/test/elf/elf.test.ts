import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import test from "ava";
import { BpfError, openSpec } from "../../src/index.ts";
import { compileObject, newPath } from "../btf/compile.ts";

const source =
	'SEC("xdp") int prog(struct xdp_md *c) { return XDP_PASS; } char LICENSE[] SEC("license") = "GPL";';
const object = compileObject(source);
const bytes = new Uint8Array(readFileSync(object));

/** Compiles C with these arguments; the path of what comes out. */
function compileWith(...args: string[]): string {
	const input = newPath(".c");
	writeFileSync(input, "int main(void) { return 0; }");
	execFileSync("clang", [...args, "-c", input, "-o", `${input}.o`]);
	return `${input}.o`;
}

function file(contents: Uint8Array | string): string {
	const path = newPath(".o");
	writeFileSync(path, contents);
	return path;
}

const unusable: readonly [title: string, path: () => string, code: string, message: RegExp][] = [
	["does not exist", () => "/nowhere/x.bpf.o", "OBJECT_MISSING", /^\/nowhere\/x\.bpf\.o: no such file$/],
	["is a directory", () => "/tmp", "OBJECT_UNREADABLE", /^\/tmp: it is a directory$/],
	["is empty", () => file(""), "OBJECT_EMPTY", /is empty: compile it again/],
	[
		"is C source",
		() => file(source),
		"OBJECT_NOT_ELF",
		/is not an ELF file: compile it with clang -O2 -g -target bpf/,
	],
	[
		"is four bytes long",
		() => file("\x7fELF"),
		"OBJECT_TRUNCATED",
		/ends after 4 bytes, inside the ELF header/,
	],
	["is for another machine", () => compileWith(), "OBJECT_WRONG_MACHINE", /is compiled for \S+, not for BPF/],
	["is big-endian", () => compileWith("-target", "bpfeb"), "OBJECT_WRONG_MACHINE", /little-endian/],
	[
		"has no BTF",
		() => compileWith("-target", "bpf"),
		"OBJECT_NO_BTF",
		/has no BTF: compile it with clang -g/,
	],
	[
		"is cut in half",
		() => file(bytes.subarray(0, bytes.length >> 1)),
		"OBJECT_TRUNCATED",
		/is cut short or damaged/,
	],
];

for (const [title, path, code, message] of unusable) {
	test(`A file that ${title} is refused in one line`, (t) => {
		const error = t.throws(() => openSpec(path()), { instanceOf: BpfError, code, message });
		t.is(error.operation, "open");
		t.false(error.message.includes("\n"));
	});
}

test("An object cut anywhere is refused or read, and nothing else happens", (t) => {
	for (let length = 0; length < bytes.length; length += 7) {
		try {
			openSpec(bytes.subarray(0, length), { name: "cut" });
		} catch (error) {
			if (!(error instanceof BpfError)) t.fail(`${length}: ${error}`);
		}
	}
	t.pass();
});

test("An object with any byte damaged is refused or read, and nothing else happens", (t) => {
	const damaged = Uint8Array.from(bytes);
	// A fixed seed: every run damages the same places.
	let seed = 12345;
	for (let round = 0; round < 2000; round++) {
		seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
		const at = seed % damaged.length;
		const before = damaged[at] ?? 0;
		damaged[at] = (seed >>> 16) & 0xff;
		try {
			openSpec(damaged, { name: "damaged" });
		} catch (error) {
			if (!(error instanceof BpfError)) t.fail(`byte ${at}: ${error instanceof Error ? error.stack : error}`);
		}
		damaged[at] = before;
	}
	t.pass();
});
