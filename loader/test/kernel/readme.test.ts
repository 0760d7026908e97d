import { readFileSync } from "node:fs";
import test from "ava";
import { compileObject } from "../btf/compile.ts";
import { blockPort } from "../readme/example.ts";
import { makeCgroup, shellInCgroup } from "./sandbox.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8").trim();

test("The README's code is the code that is compiled and run here", (t) => {
	const readme = read("README.md");
	t.true(readme.includes(`\`\`\`ts\n${read("test/readme/example.ts")}\n\`\`\``));
	t.true(readme.includes(`\`\`\`c\n${read("test/readme/guard.bpf.c")}\n\`\`\``));
});

test("The README's example blocks its port and no other, until it is disposed", (t) => {
	const cgroup = makeCgroup(t);
	const connects = (port: number) => shellInCgroup(cgroup, `exec 3<>/dev/udp/127.0.0.1/${port}`).status === 0;
	const guard = blockPort(compileObject(read("test/readme/guard.bpf.c")), cgroup, 4711);
	t.false(connects(4711));
	t.true(connects(4712));
	guard[Symbol.dispose]();
	t.true(connects(4711));
});
