import { globSync, readFileSync } from "node:fs";

/** Tests of the tests: they tell nothing of a kernel, and compile all programs again and again. */
const NOT_OF_KERNELS = "planted-bugs.test.ts";

/** The test files that need a kernel, as paths in the checkout: of each package after those that it is built on. */
export function kernelTests(checkout: string): string[] {
	return ["loader", "maps", "kproxy", "test-vm"].flatMap((name) =>
		globSync(`${name}/test/kernel/**/*.test.ts`, { cwd: checkout })
			.filter((file) => !file.endsWith(NOT_OF_KERNELS))
			.sort(),
	);
}

/** What one guest is to run: a file, and with `match` only the tests whose titles it is in. */
export interface Job {
	file: string;
	match?: string;
}

/** For each text the files whose path has it; where there is none, every file for its tests whose title has it. */
export function jobsFor(files: readonly string[], texts: readonly string[], read = readFileSync): Job[] {
	if (texts.length === 0) return files.map((file) => ({ file }));
	return texts.flatMap((text) => {
		const named = files.filter((file) => file.includes(text));
		if (named.length > 0) return named.map((file) => ({ file }));
		return files
			.filter((file) => String(read(file)).includes(text))
			.map((file) => ({ file, match: `*${text}*` }));
	});
}

/** ava in a guest; it reports in TAP. */
export function avaCommand({ file, match }: Job): string[] {
	const ava = ["node", "node_modules/ava/entrypoints/cli.mjs", "--tap"];
	return [...ava, ...(match === undefined ? [] : ["--match", match]), file];
}
