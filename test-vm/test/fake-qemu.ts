/**
 * Stands in for QEMU: an executable of its name first on the path, which speaks as guest/main.ts does. What it does is
 * told by the words of the command that it is given, or, at its boot, by the name of the kernel's file.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { GuestImages } from "../machine/qemu.ts";

const PROGRAM = `#!${process.execPath}
const { appendFileSync } = require("node:fs");
const { basename } = require("node:path");
const { createInterface } = require("node:readline");
const argument = (name) => process.argv[process.argv.indexOf(name) + 1];
const console_ = argument("-serial").replace("file:", "");
const kernel = basename(argument("-kernel"));
const say = (event) => process.stdout.write(JSON.stringify(event) + "\\n");
const line = (text, stream = "stdout") => say({ event: "line", stream, text });
const log = (text) => appendFileSync(console_, text + "\\n");
const end = (code) => say({ event: "ended", how: "ended with " + code, code });
log("[    0.1] Linux version " + kernel);
if (argument("-accel") === "kvm" && kernel !== "kvm-works") process.exit(1);
if (kernel === "never-ready") setInterval(() => say({ event: "alive" }), 20);
else if (kernel === "dies") { log("[    0.5] Kernel panic - not syncing: no root"); process.exit(0); }
else say({ event: "ready" });
const doings = {
	passes: () => { line("ok 1 - it works"); end(0); },
	fails: () => { line("not ok 1 - it works"); line("  ---"); line("  message: no"); end(1); },
	skips: () => { line("ok 1 - it works # SKIP"); end(0); },
	empty: () => { line("TAP version 13"); end(0); },
	crashes: () => { line("cannot find module", "stderr"); end(1); },
	panics: () => { log("[    1.0] Kernel panic - not syncing: hung"); process.exit(0); },
	leaves: () => { process.stderr.write("qemu: out of memory\\n"); process.exit(3); },
	hangs: () => {},
	lasts: () => setInterval(() => say({ event: "alive" }), 20),
};
createInterface({ input: process.stdin }).on("line", (request) => {
	const { command } = JSON.parse(request);
	const doing = Object.keys(doings).find((word) => command.at(-1).includes(word));
	doings[doing]();
}).on("close", () => process.exit(0));
`;

/** Puts it first on this process's path; what is made goes when the process ends. */
export function useFakeQemu(): { directory: string; images(kernel: string): GuestImages } {
	const directory = mkdtempSync(join(tmpdir(), "kproxy-fake-qemu-"));
	process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
	writeFileSync(join(directory, "qemu-system-x86_64"), PROGRAM, { mode: 0o755 });
	process.env.PATH = [directory, process.env.PATH].join(delimiter);
	return {
		directory,
		images: (name) => ({
			kernel: { name, release: `${name}.0`, image: join(directory, name), modules: directory },
			initrd: join(directory, "initrd"),
			disks: [],
		}),
	};
}
