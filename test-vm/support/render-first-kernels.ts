import type { Support } from "./support.ts";

/**
 * The first kernel of the matrix from which on each feature works by itself on all kernels that were tried, by feature;
 * features that the newest kernel lacks are left out.
 */
export function firstKernels({ kernels, features }: Support): Record<string, string> {
	const newestFirst = Object.keys(kernels).reverse();
	const found: Record<string, string> = {};
	for (const [name, answers] of Object.entries(features)) {
		let first: string | undefined;
		for (const kernel of newestFirst) {
			if (answers[kernel] !== "works") break;
			first = kernel;
		}
		if (first !== undefined) found[name] = first;
	}
	return found;
}

/** The TypeScript of loader/src/generated/first-kernels.ts. */
export function renderFirstKernels(support: Support): string {
	const entries = Object.entries(firstKernels(support)).map(
		([name, kernel]) => `\t${JSON.stringify(name)}: ${JSON.stringify(kernel)},\n`,
	);
	return `// Written by test-vm/support/main.ts from test-vm/support.json, which runs on real kernels made. Do not edit.

/** First of the kernels that were tried on which a feature works, by feature. */
export const firstKernels: Readonly<Record<string, string>> = {
${entries.join("")}};
`;
}
