import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { createLab, type Lab, sweepLabs } from "../lab/lab.ts";
import type { Namespace } from "../lab/namespaces.ts";
import { run } from "../lab/run.ts";

const CHILD = fileURLToPath(new URL("./reserved-ports-child.ts", import.meta.url));
const LIST = "/proc/sys/net/ipv4/ip_local_reserved_ports";

let lab: Lab;

test.before(() => {
	sweepLabs();
	lab = createLab("ports");
});
test.after.always(() => lab?.close());

function stage(name: string) {
	const namespace: Namespace = lab.namespace(name);
	const note = join(lab.directory, `${name}.ports`);
	const inside = (...command: string[]) => run("nsenter", [`--net=${namespace.path}`, "--", ...command]);
	const child = (...words: string[]) =>
		inside(process.execPath, "--conditions=source", CHILD, ...words, note);
	const list = () => inside("cat", LIST).trim();
	const set = (ports: string) => inside("sh", "-c", 'echo "$0" > "$1"', ports, LIST);
	return { child, list, set, note };
}

test.serial("Ports are added to what is there, and only they are taken out again", (t) => {
	const { child, list, set, note } = stage("added");
	set("8080,31000-31010");
	t.is(child("reserve", "30000-32767"), "30000-30999,31011-32767");
	t.is(list(), "8080,30000-32767");
	t.is(child("reserve", "30000-32767"), "", "a second start adds nothing");
	t.is(child("release"), "30000-30999,31011-32767");
	t.is(list(), "8080,31000-31010");
	t.false(existsSync(note));
	t.is(child("release"), "");
});

test.serial("An empty list is empty again afterwards", (t) => {
	const { child, list } = stage("empty");
	child("reserve", "30000-32767");
	t.is(list(), "30000-32767");
	child("release");
	t.is(list(), "");
});

test.serial("What others reserved in the meantime stays", (t) => {
	const { child, list, set } = stage("others");
	child("reserve", "30000-32767");
	set("30000-32767,40000");
	child("release");
	t.is(list(), "40000");
});

test.serial("The note of another namespace counts for nothing", (t) => {
	const [one, two] = [stage("one"), stage("two")];
	one.child("reserve", "30000-32767");
	two.set("30000-32767");
	run("cp", [one.note, two.note]);
	t.is(two.child("release"), "");
	t.is(two.list(), "30000-32767");
});
