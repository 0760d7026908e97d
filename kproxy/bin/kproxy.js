#!/usr/bin/env node
// Plain JavaScript that any Node reads, so that an old one gets a sentence and not a syntax error.
import { setFlagsFromString } from "node:v8";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
	process.stderr.write(`kproxy: needs Node 22.19 or later, this is ${process.versions.node}\n`);
	process.exitCode = 3;
} else {
	// The young generation stays as small as it starts: kproxy/docs/decisions.md, "Memory of the daemon".
	setFlagsFromString("--semi-space-growth-factor=1");
	import("../dist/cli.js");
}
