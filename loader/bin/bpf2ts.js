#!/usr/bin/env node
// Plain JavaScript that any Node reads, so that an old one gets a sentence and not a syntax error.
import { existsSync } from "node:fs";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
	process.stderr.write(`bpf2ts: needs Node 22.19 or later, this is ${process.versions.node}\n`);
	process.exitCode = 1;
} else {
	// The published package has dist alone; a checkout runs its source, which cannot be out of date.
	const source = new URL("../src/codegen/cli.ts", import.meta.url);
	const built = new URL("../dist/codegen/cli.js", import.meta.url);
	const { runBpf2ts } = await import(existsSync(source) ? source.href : built.href);
	process.exitCode = await runBpf2ts(process.argv.slice(2), {
		out: (text) => process.stdout.write(text),
		error: (text) => process.stderr.write(text),
	});
}
