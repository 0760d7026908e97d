import { readdirSync } from "node:fs";
import { join } from "node:path";
import { runAva } from "./ava.ts";
import { type Counts, check, sum } from "./check.ts";
import { lintScripts } from "./lint-scripts.ts";
import { checkPackages } from "./packages.ts";
import { checkInVms } from "./vm.ts";

const UNIT_TESTS = [
	"{loader,maps,kproxy,test-vm}/test/*.test.ts",
	"{loader,maps,kproxy,test-vm}/test/!(kernel)/**/*.test.ts",
];
const KERNEL_TESTS = ["{loader,maps,kproxy,test-vm}/test/kernel/**/*.test.ts"];

/** What can be run by name; in the order they run, what fails fastest first. */
export const parts: Readonly<Record<string, () => Promise<Counts>>> = {
	lint,
	types: () => check("tsc", ["tsc", "-p", "tsconfig.test.json"]),
	generated,
	unit: () => runAva(UNIT_TESTS, 10 * 60),
	kernel: () => asRoot(() => runAva(KERNEL_TESTS, 20 * 60)),
	demo: () => asRoot(demo),
	packages: checkPackages,
	vm: checkInVms,
};

async function lint(): Promise<Counts> {
	const sources = ["bpf", "test-vm/bpf"].flatMap((directory) =>
		readdirSync(directory, { recursive: true, encoding: "utf8" })
			.filter((file) => /\.[ch]$/.test(file))
			.map((file) => join(directory, file)),
	);
	return sum([
		await check("biome", ["biome", "ci", "."]),
		await check("clang-format", ["clang-format", "--dry-run", "-Werror", ...sources]),
		await lintScripts(),
	]);
}

async function generated(): Promise<Counts> {
	return sum([
		await check("generated files are current", ["scripts/build-bpf", "--check"]),
		await check("the support tables are current", ["node", "test-vm/support/main.ts", "check"]),
	]);
}

async function demo(): Promise<Counts> {
	return sum([
		await check("demo", ["scripts/demo"]),
		await check("demo --keep", ["scripts/demo", "--keep"]),
		await check("demo --stop", ["scripts/demo", "--stop"]),
	]);
}

function asRoot(run: () => Promise<Counts>): Promise<Counts> {
	if (process.getuid?.() === 0) return run();
	throw new Error("needs root, to load programs and make namespaces: sudo scripts/test");
}
